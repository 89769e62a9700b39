import { describe, expect, it } from 'vitest';
import { type CompiledModel, loadPriceBook } from './compile-price-book.ts';
import { ratesAt, selectRow } from './select-row.ts';

const row = (extra: object) => ({
  model: 'p/m',
  tier: 'standard',
  rates: { input: ['1', 1] },
  confidence: 'agreed',
  source: 't',
  ...extra,
});
const book = loadPriceBook({
  format: 1,
  version: 't',
  sources: [],
  providers: [{ id: 'p', aliases: [], fallbacks: [], infer: [] }],
  models: { 'p/m': { aliases: [] } },
  rows: {
    base: row({
      context: [
        { threshold: 100, inclusive: true, rates: { input: ['2', 1] } },
        { threshold: 200, inclusive: false, rates: { input: ['3', 1] } },
      ],
    }),
    peak: row({ when: { utc: [['01:00', '04:00']], weekdays: [1, 2, 3, 4, 5] } }),
    night: row({ when: { utc: [['23:00', '00:30']] } }),
    global: row({ scope: { endpoint: ['global'] } }),
    wrong: row({ tier: 'corrected', rates: { input: ['9', 1] }, superseded_by: 'right' }),
    right: row({ tier: 'corrected' }),
    day: row({ tier: 'shanghai' }),
    dayPeak: row({
      tier: 'shanghai',
      when: { utc: [['09:00', '12:00']], weekdays: [1, 2, 3, 4, 5], tz: 'Asia/Shanghai' },
    }),
    york: row({ tier: 'york' }),
    yorkPeak: row({ tier: 'york', when: { utc: [['09:00', '10:00']], tz: 'America/New_York' } }),
    late: row({ tier: 'late', from: '2026-01-01', to: '2026-02-01' }),
  },
});
const model = book.providers.get('p')?.names.get('m')?.[0]?.model as CompiledModel;
const select = (time: string, tier = 'standard', endpoint: '' | 'global' = '') =>
  selectRow(model, { tier, at: Date.parse(time), endpoint, region: '' });

it('a row that was corrected prices nothing more', () => {
  expect(select('2026-08-21T00:00:00Z', 'corrected').row?.id).toBe('right');
});

describe('daily windows', () => {
  it.each([
    ['2026-08-21T00:59:59Z', 'base'],
    ['2026-08-21T01:00:00Z', 'peak'],
    ['2026-08-21T03:59:59.999Z', 'peak'],
    ['2026-08-21T04:00:00Z', 'base'],
    ['2026-08-22T02:00:00Z', 'base'],
    ['2026-08-22T23:10:00Z', 'night'],
    ['2026-08-23T00:29:00Z', 'night'],
    ['2026-08-23T00:30:00Z', 'base'],
    ['1969-12-31T02:00:00Z', 'peak'],
  ])('at %s the row is %s', (time, id) => {
    expect(select(time).row?.id).toBe(id);
  });
});

describe('selection', () => {
  it('prefers the scope that matches over the daily window', () => {
    expect(select('2026-08-21T02:00:00Z', 'standard', 'global').row?.id).toBe('global');
  });

  it('says why there is no row', () => {
    expect(select('2026-02-01', 'late')).toMatchObject({ row: null, reason: 'no_rate_at_time' });
    expect(select('2026-01-01', 'late').row?.id).toBe('late');
    expect(select('2026-01-01', 'batch').reason).toBe('no_rate_for_tier');
  });

  it.each([
    [99, '1'],
    [100, '2'],
    [200, '2'],
    [201, '3'],
  ])('%i input tokens pay %s', (tokens, amount) => {
    const base = model.rowsByTier.get('standard')?.find((entry) => entry.id === 'base');
    expect(base && ratesAt(base, tokens).input?.amount).toBe(amount);
  });
});

it('a window in a zone follows its clocks, its weekdays and its summer time', () => {
  expect(select('2026-08-21T01:00:00Z', 'shanghai').row?.id).toBe('dayPeak');
  expect(select('2026-08-21T00:59:59.999Z', 'shanghai').row?.id).toBe('day');
  expect(select('2026-08-21T04:00:00Z', 'shanghai').row?.id).toBe('day');
  // Sunday 17:30 UTC is Monday 01:30 there; Sunday 02:00 UTC is Sunday 10:00.
  expect(select('2026-08-23T02:00:00Z', 'shanghai').row?.id).toBe('day');
  expect(select('2026-07-01T13:30:00Z', 'york').row?.id).toBe('yorkPeak');
  expect(select('2026-01-05T13:30:00Z', 'york').row?.id).toBe('york');
  expect(select('2026-01-05T14:30:00Z', 'york').row?.id).toBe('yorkPeak');
});
