import { describe, expect, it } from 'vitest';
import { explainLine } from './explain-line.ts';
import { explainJson, explainRow } from './explain-row.ts';
import type { ExplainedLine, ExplainedRow } from './explained-row.ts';

const line = (changes: Partial<ExplainedLine>): ExplainedLine => ({
  class: 'input',
  quantity: 342,
  unit: 'token',
  rate_usd: '3',
  per: '1000000',
  rate_id: 'anthropic/claude-sonnet-4-6:1',
  amount_usd: '0.001026000000',
  ...changes,
});

const row: ExplainedRow = {
  request_id: '01a2177b-bd7d-7055-89e0-0be4ddf45911',
  ts: '2026-11-26 10:51:55.133',
  account: 'default',
  gateway: 'default',
  provider: 'grok',
  pricing_provider: 'xai',
  request_model: 'grok-latest',
  response_model: 'grok-3-mini',
  priced_model: 'grok-3-mini',
  service_tier: '',
  region: '',
  status: 200,
  usage_source: 'reported',
  usage_flags: [],
  usage_raw: '{"prompt_tokens":342}',
  cost_usd: '0.001026000000',
  cost_reported_usd: null,
  cost_source: 'computed',
  cost_flags: [],
  unpriced_reason: '',
  price_book_version: 'abc',
  cost_lines: [line({})],
  adjustments: [],
};

describe('explainLine', () => {
  it.each([
    [line({}), '342 tokens × 3 ÷ 1000000 = 0.001026'],
    [line({ quantity: 1, unit: 'search', rate_usd: '0.01', per: '1', amount_usd: '0.01' }), '1 search × 0.01 = 0.01'],
    [
      line({ quantity: 12.5, unit: 'second', rate_usd: '0.111', per: '3600', amount_usd: '0.000385416667' }),
      '12.5 seconds × 0.111 ÷ 3600 = 0.000385416667',
    ],
    [line({ quantity: 3, unit: 'search', rate_usd: '', amount_usd: null }), '3 searches × no rate = unknown'],
    [
      line({ class: 'discount', quantity: 10, unit: 'percent', rate_usd: '', per: '1', amount_usd: '-0.0001' }),
      '10 % off = -0.0001',
    ],
  ])('I4 %#: %s', (given, text) => {
    expect(explainLine(given)).toEqual({ text, holds: true });
  });

  it('says when the arithmetic does not come to what was booked', () => {
    expect(explainLine(line({ amount_usd: '0.001027' }))).toEqual({
      text: '342 tokens × 3 ÷ 1000000 = 0.001026, but 0.001027 was booked',
      holds: false,
    });
  });
});

describe('explainRow', () => {
  const text = (changes: Partial<ExplainedRow>) => explainRow({ ...row, ...changes }).join('\n');

  it('tells what it was, what it used and what it cost', () => {
    expect(text({})).toContain('model     grok grok-3-mini, asked for as grok-latest, priced as grok-3-mini');
    expect(text({})).toContain('0.001026 USD (computed)');
    expect(text({ service_tier: 'flex', region: 'eu' })).toContain('tier      flex   region eu');
  });

  it('I5 says why a cost is unknown', () => {
    const unknown = { cost_usd: null, cost_source: 'unpriced', unpriced_reason: 'unknown_model', cost_lines: [] };
    expect(text(unknown)).toContain('unknown: unknown_model (unpriced)');
    expect(explainJson({ ...row, ...unknown })).toMatchObject({ cost_usd: null, reason: 'unknown_model' });
  });

  it("sets the book's figure beside the provider's", () => {
    expect(text({ cost_reported_usd: '0.001026' })).toContain('the book gives the same');
    expect(text({ cost_reported_usd: '0.002' })).toContain('the book gives 0.001026 (a drift of +0.000974)');
    expect(text({ cost_reported_usd: '0.002', cost_lines: [] })).toContain('reported  by the provider');
  });

  it('I6 lists corrections beside the row', () => {
    const adjustments = [
      { revision: 2, delta_usd: '-0.000100000000', reason: 'price_correction', price_book_version: 'def' },
    ];
    expect(text({ adjustments })).toContain('corrected -0.0001 USD by revision 2 (price_correction, book def)');
  });
});
