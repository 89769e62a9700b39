/** The price model, rule by rule, on books made for each rule. */
import { picoToText } from '@weir/kernel';
import { EMPTY_USAGE } from '@weir/usage';
import { describe, expect, it } from 'vitest';
import { loadPriceBook } from './compile-price-book.ts';
import type { PriceRequest } from './price-request.ts';
import { priceUsage } from './price-usage.ts';
import { utcTime } from './utc-time.ts';

const M = 1_000_000;
const row = (extra: object) => ({
  model: 'p/m',
  tier: 'standard',
  rates: { input: ['1', M], output: ['2', M] },
  confidence: 'agreed',
  source: 't',
  ...extra,
});
const bookOf = (rows: object, more: object = {}) =>
  loadPriceBook({
    format: 1,
    version: 't',
    sources: [],
    providers: [{ id: 'p', aliases: [], fallbacks: [], infer: [] }],
    models: { 'p/m': { aliases: [] } },
    rows,
    ...more,
  });
const request: PriceRequest = {
  provider: 'p',
  responseModel: 'm',
  requestModel: '',
  at: Date.parse('2026-03-01T00:00:00Z'),
  serviceTier: '',
  region: '',
  usage: { ...EMPTY_USAGE, inputTokens: M, totalTokens: M },
};
const usd = (amount: bigint | null): string | null => (amount === null ? null : picoToText(amount));

describe('periods', () => {
  const book = bookOf({
    before: row({ to: '2026-03-01' }),
    after: row({ from: '2026-03-01', to: '2026-04-01T12:00:00Z', rates: { input: ['3', M] } }),
  });
  it.each([
    ['2026-02-28T23:59:59.999Z', '1', 'before'],
    ['2026-03-01T00:00:00Z', '3', 'after'],
    ['2026-04-01T11:59:59.999Z', '3', 'after'],
    ['2026-04-01T12:00:00Z', null, undefined],
  ])('hold from their first moment to the one before their end: %s', (at, cost, rateId) => {
    const priced = priceUsage(book, { ...request, at: Date.parse(at) });
    expect([usd(priced.total), priced.lines[0]?.rateId || undefined]).toEqual([cost, rateId]);
  });

  it('are UTC, wherever this runs and however they are written', () => {
    expect(utcTime('2026-03-01T00:00:00')).toBe(Date.parse('2026-03-01T00:00:00Z'));
    expect(utcTime('2026-03-01 00:00')).toBe(Date.parse('2026-03-01T00:00:00Z'));
    expect(utcTime('2026-03-01T01:00:00+01:00')).toBe(Date.parse('2026-03-01T00:00:00Z'));
    expect(utcTime('2026-03-01')).toBe(Date.parse('2026-03-01T00:00:00Z'));
    expect(utcTime('soon')).toBeNaN();
  });
});

describe('status', () => {
  it('announced rows price nothing and say that a change was due', () => {
    const book = bookOf({
      now: row({}),
      soon: row({ from: '2026-02-01', status: 'announced', rates: { input: ['9', M] } }),
    });
    expect(priceUsage(book, request)).toMatchObject({ flags: ['announced_change_unconfirmed'] });
    expect(usd(priceUsage(book, request).total)).toBe('1');
  });

  it('a retired model keeps the price that it had', () => {
    const priced = priceUsage(bookOf({ old: row({ status: 'retired' }) }), request);
    expect([usd(priced.total), priced.flags]).toEqual(['1', ['retired_model']]);
  });

  it('I5 an assumed rate says so', () => {
    expect(priceUsage(bookOf({ r: row({ confidence: 'assumed' }) }), request).flags).toEqual([
      'assumed',
      'assumed_rate',
    ]);
  });
});

describe('currencies', () => {
  const yuan = {
    r: row({
      currency: 'CNY',
      rates: { input: ['2', M] },
      context: [{ threshold: 10 * M, inclusive: false, rates: { input: ['4', M] } }],
    }),
  };
  const fx = [
    { id: 'fx-1', currency: 'CNY', to: '2026-03-01', usd: '0.1377' },
    { id: 'fx-2', currency: 'CNY', from: '2026-03-01', usd: '0.14' },
    { id: 'fx-e', currency: 'EUR', usd: '1.1' },
  ];
  it('I4 are converted exactly, by the rate of the moment, which the line names', () => {
    const priced = priceUsage(bookOf(yuan, { fx }), request);
    expect(priced.lines[0]).toMatchObject({ rate: '0.28', per: M, rateId: 'r@fx-2' });
    expect(usd(priced.total)).toBe('0.28');
    const before = priceUsage(bookOf(yuan, { fx }), { ...request, at: request.at - 1 });
    expect([usd(before.total), before.lines[0]?.rateId]).toEqual(['0.2754', 'r@fx-1']);
    const usage = { ...EMPTY_USAGE, inputTokens: 20 * M };
    expect(usd(priceUsage(bookOf(yuan, { fx }), { ...request, usage }).total)).toBe('11.2');
  });

  it('I5 without a rate of exchange there is no price', () => {
    expect(priceUsage(bookOf(yuan), request)).toMatchObject({ total: null, source: 'unpriced' });
    expect(priceUsage(bookOf(yuan, { fx: fx.slice(2) }), request).total).toBeNull();
  });
});

describe('context tiers', () => {
  const tiered = (inclusive: boolean) =>
    bookOf({
      r: row({
        context: [
          { threshold: 1_000, inclusive, rates: { input: ['2', M], cache_read: ['0.5', M], output: ['4', M] } },
        ],
      }),
    });
  const cost = (inclusive: boolean, inputTokens: number, more: object = {}) =>
    usd(priceUsage(tiered(inclusive), { ...request, usage: { ...EMPTY_USAGE, inputTokens, ...more } }).total);

  it.each([
    [true, 999, '0.000999'],
    [true, 1_000, '0.002'],
    [false, 1_000, '0.001'],
    [false, 1_001, '0.002002'],
  ])('inclusive %s: %d tokens cost %s, the whole request at one rate', (inclusive, tokens, expected) => {
    expect(cost(inclusive, tokens)).toBe(expected);
  });

  it('cached input counts towards the threshold, output never does', () => {
    expect(cost(true, 1_000, { cacheReadTokens: 900 })).toBe('0.00065');
    expect(cost(true, 10, { outputTokens: 5_000 })).toBe('0.01001');
  });
});

describe('missing rates', () => {
  const costOf = (rates: object, usage: object, id = 'm') =>
    priceUsage(bookOf({ r: row({ model: `p/${id}`, rates }) }, { models: { [`p/${id}`]: { aliases: [] } } }), {
      ...request,
      responseModel: id,
      usage: { ...EMPTY_USAGE, ...usage },
    });

  it.each([
    [
      'a cache read costs what input costs, never 0',
      { inputTokens: 100, cacheReadTokens: 100 },
      '0.0001',
      'assumed_cache_read',
    ],
    ['a cache write too', { inputTokens: 100, cacheWriteTokens: 100 }, '0.0001', 'assumed_cache_write'],
    [
      'a 5-minute write too',
      { inputTokens: 100, cacheWriteTokens: 100, cacheWrite5mTokens: 100 },
      '0.0001',
      'assumed_cache_write_5m',
    ],
    [
      'a 1-hour write too',
      { inputTokens: 100, cacheWriteTokens: 100, cacheWrite1hTokens: 100 },
      '0.0001',
      'assumed_cache_write_1h',
    ],
  ])('%s', (_, usage, expected, flag) => {
    const priced = costOf({ input: ['1', M] }, usage);
    expect([usd(priced.total), priced.flags]).toEqual([expected, ['assumed', flag]]);
  });

  it('a 1-hour write costs twice the input for Anthropic only', () => {
    const usage = { inputTokens: 100, cacheWriteTokens: 100, cacheWrite1hTokens: 100 };
    expect(usd(costOf({ input: ['1', M] }, usage, 'claude-x').total)).toBe('0.0002');
  });

  it('reasoning costs what output costs, or has a rate of its own', () => {
    const usage = { outputTokens: 100, reasoningTokens: 60 };
    expect(usd(costOf({ output: ['2', M] }, usage).total)).toBe('0.0002');
    expect(usd(costOf({ output: ['2', M], reasoning: ['3', M] }, usage).total)).toBe('0.00026');
  });

  it.each([
    ['audio', { inputTokens: 100, inputAudioTokens: 40 }, 'no_rate_for_input_audio', '0.00006'],
    ['images', { inputTokens: 100, inputImageTokens: 40 }, 'no_rate_for_input_image', '0.00006'],
    ['searches', { inputTokens: 100, units: { webSearches: 2 } }, 'no_rate_for_web_search', '0.0001'],
    ['video', { inputTokens: 100, inputVideoTokens: 40 }, 'no_rate_for_input_video', '0.00006'],
  ])('I5 %s without a price make the total unknown and keep the partial sum', (_, usage, reason, partial) => {
    const priced = costOf({ input: ['1', M] }, usage);
    expect([priced.total, priced.reason, usd(priced.partial)]).toEqual([null, reason, partial]);
  });

  it('I5 a free model costs a known 0, an unknown one nothing that is known', () => {
    expect(costOf({ input: ['0', M], output: ['0', M] }, { inputTokens: 9 })).toMatchObject({
      total: 0n,
      source: 'computed',
    });
    expect(priceUsage(bookOf({}), request)).toMatchObject({ total: null, source: 'unpriced' });
  });
});

describe('tiers and scopes', () => {
  const book = bookOf({
    r: row({}),
    flex: row({ tier: 'flex', rates: { input: ['0.5', M] } }),
    eu: row({ scope: { region: ['eu'] }, rates: { input: ['1.1', M] } }),
  });
  it.each([
    ['default', '1'],
    ['auto', '1'],
    ['on_demand', '1'],
    ['ON_DEMAND_FLEX', '0.5'],
    ['Flex', '0.5'],
  ])('the word %s prices at %s', (serviceTier, expected) => {
    expect(usd(priceUsage(book, { ...request, serviceTier }).total)).toBe(expected);
  });

  it('I5 a tier without a price is unknown, never the standard one', () => {
    for (const serviceTier of ['scale', 'priority', 'batch', 'PROVISIONED_THROUGHPUT']) {
      expect(priceUsage(book, { ...request, serviceTier })).toMatchObject({ total: null, reason: 'no_rate_for_tier' });
    }
  });

  it('a row for the region goes before the one for all', () => {
    expect(usd(priceUsage(book, { ...request, region: ' EU ' }).total)).toBe('1.1');
    expect(usd(priceUsage(book, { ...request, region: 'mars' }).total)).toBe('1');
  });
});

describe('rounding', () => {
  it.each([
    ['1', '0.000000000002', 0.5, '0.000000000001'],
    ['half to even, down', '0.000000000001', 0.5, '0'],
    ['half to even, up', '0.000000000003', 0.5, '0.000000000002'],
    ['Groq per hour', '0.111', 3_041 * 1, '337.551'],
  ])('I4 divides once: %s', (_, amount, seconds, expected) => {
    const audio = bookOf({ r: row({ rates: { audio_second: [amount, 1] } }) });
    const usage = { ...EMPTY_USAGE, units: { inputAudioSeconds: seconds } };
    expect(usd(priceUsage(audio, { ...request, usage }).total)).toBe(expected);
  });
});
