import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from '../embedded-price-book.ts';
import { priceRecord } from './price-record.ts';

const CASES = new URL('../../../../../shared/fixtures/pricing/priced-cases.jsonl', import.meta.url);
const present = existsSync(CASES);
if (!present)
  process.stderr.write('SKIPPED: priced cases are absent (../shared/fixtures/pricing/priced-cases.jsonl)\n');

const book = embeddedPriceBook();
const record = {
  id: 'r1',
  provider: 'openai',
  model: 'gpt-4o',
  at: '2026-07-24T12:00:00Z',
  service_tier: 'standard',
  usage: { input_tokens: 1000, output_tokens: 100, cache_read_tokens: 400 },
};

describe.skipIf(!present)('priced cases, to the last digit', () => {
  const lines = present ? readFileSync(CASES, 'utf8').trim().split('\n') : [];
  const cases = lines.map((line) => JSON.parse(line) as { id: string; expected_cost_usd: string | null });

  it('are there', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  it.each(cases.map((one) => [one.id, one] as const))('%s', (_, one) => {
    const priced = priceRecord(book, one);
    expect(priced.cost_usd, JSON.stringify(priced)).toBe(one.expected_cost_usd);
    expect(priced.cost_source === 'unpriced').toBe(one.expected_cost_usd === null);
  });
});

describe('priceRecord', () => {
  it('answers in decimal text with its lines', () => {
    const priced = priceRecord(book, record);
    expect(priced).toMatchObject({ id: 'r1', cost_usd: '0.003', cost_source: 'computed', book_version: book.version });
    expect(priced.lines.map((line) => [line.class, line.amount])).toEqual([
      ['input', '0.0015'],
      ['cache_read', '0.0005'],
      ['output', '0.001'],
    ]);
  });

  it('I5 no usage costs 0 for a model of the book, and an unknown amount for any other', () => {
    const nothing = { ...record, usage: { input_tokens: 0 } };
    expect(priceRecord(book, nothing)).toMatchObject({ cost_usd: '0', cost_source: 'none', reason: '' });
    const unknown = { cost_usd: null, cost_source: 'unpriced', reason: 'unknown_model' };
    expect(priceRecord(book, { ...nothing, model: 'agent_7f3a' })).toMatchObject(unknown);
  });

  it('takes a time without a zone as UTC', () => {
    const cut = (at: string) =>
      priceRecord(book, { ...record, model: 'o3', at, usage: { input_tokens: 1_000 } }).cost_usd;
    expect([cut('2025-06-09T23:59:59'), cut('2025-06-10 00:00:00')]).toEqual(['0.01', '0.002']);
  });

  it("prefers the provider's own word for the tier, and reads region and residency", () => {
    expect(priceRecord(book, { ...record, service_tier: 'priority', service_tier_raw: 'default' }).cost_usd).toBe(
      '0.003',
    );
    const residency = { ...record, model: 'gpt-5.5', usage: { input_tokens: 1000 } };
    expect(priceRecord(book, { ...residency, data_residency: 'eu' }).cost_usd).toBe('0.0055');
    expect(priceRecord(book, { ...residency, region: 'us' }).cost_usd).toBe('0.0055');
    expect(priceRecord(book, { ...residency, model: 'gpt-4o', region: 'us' }).cost_usd).toBe('0.0025');
  });

  it('I5 counts under the names of a provider are refused, not priced as nothing', () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 100 };
    expect(() => priceRecord(book, { ...record, usage })).toThrowError(/usage\.prompt_tokens .*input_tokens/);
    expect(priceRecord(book, { ...record, usage: { ...record.usage, total_tokens: 1100 } }).cost_usd).toBe('0.003');
  });

  it.each([
    ['a missing model', { ...record, model: undefined }],
    ['a time that is none', { ...record, at: 'yesterday' }],
    ['no usage', { ...record, usage: null }],
    ['a negative count', { ...record, usage: { input_tokens: -1 } }],
    ['half a token', { ...record, usage: { input_tokens: 0.5 } }],
    ['a count as text', { ...record, usage: { input_tokens: '7' } }],
    ['a provider that is a number', { ...record, provider: 3 }],
    ['an image that is text', { ...record, image: 'large' }],
    ['a list', []],
  ])('refuses %s', (_, broken) => {
    expect(() => priceRecord(book, broken)).toThrowError(expect.objectContaining({ code: 'PRICE_RECORD_INVALID' }));
  });
});
