import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import { describe, expect, it } from 'vitest';
import { loadPriceBook } from './compile-price-book.ts';
import type { PriceRequest } from './price-request.ts';
import { priceUsage } from './price-usage.ts';

const M = 1_000_000;
const book = loadPriceBook({
  format: 1,
  version: 'test',
  sources: [],
  providers: [
    { id: 'acme', aliases: ['acme.ai'], fallbacks: ['vendor'], infer: ['^acme-'], tiers: { turbo: 'priority' } },
    { id: 'vendor', aliases: [], fallbacks: [], infer: [] },
    { id: 'anthropic', aliases: [], fallbacks: [], infer: ['^claude-'] },
  ],
  models: {
    'acme/chat': { aliases: ['acme-chat'] },
    'acme/bare': { aliases: [] },
    'acme/split': { aliases: [] },
    'acme/voice': { aliases: [] },
    'acme/painter': { aliases: [] },
    'acme/searcher': { aliases: [] },
    'acme/guess': { aliases: [] },
    'vendor/resold': { aliases: [] },
    'anthropic/claude-x': { aliases: [] },
  },
  rows: {
    'chat-old': {
      model: 'acme/chat',
      tier: 'standard',
      to: '2026-01-01',
      rates: { input: ['9', M], output: ['9', M] },
      confidence: 'agreed',
      source: 't',
    },
    'chat-new': {
      model: 'acme/chat',
      tier: 'standard',
      from: '2026-01-01',
      rates: { input: ['2.5', M], cache_read: ['0.25', M], output: ['10', M], web_search: ['10', 1000] },
      context: [
        { threshold: 1000, inclusive: false, rates: { input: ['5', M], cache_read: ['0.5', M], output: ['15', M] } },
      ],
      confidence: 'agreed',
      source: 't',
    },
    'chat-eu': {
      model: 'acme/chat',
      tier: 'standard',
      from: '2026-01-01',
      scope: { region: ['eu'] },
      rates: { input: ['2.75', M], output: ['11', M] },
      confidence: 'agreed',
      source: 't',
    },
    'chat-priority': {
      model: 'acme/chat',
      tier: 'priority',
      rates: { input: ['5', M], output: ['20', M] },
      confidence: 'agreed',
      source: 't',
    },
    'chat-announced': {
      model: 'acme/chat',
      tier: 'standard',
      from: '2027-01-01',
      status: 'announced',
      rates: { input: ['1', M] },
      confidence: 'single',
      source: 't',
    },
    bare: {
      model: 'acme/bare',
      tier: 'standard',
      rates: { input: ['3', M], output: ['4', M] },
      confidence: 'agreed',
      source: 't',
    },
    split: {
      model: 'acme/split',
      tier: 'standard',
      rates: { input: ['2', M], output: ['8', M], reasoning: ['3', M], citation: ['2', M] },
      confidence: 'agreed',
      source: 't',
    },
    voice: {
      model: 'acme/voice',
      tier: 'standard',
      rates: { audio_second: ['0.111', 3600, 10] },
      confidence: 'agreed',
      source: 't',
    },
    painter: {
      model: 'acme/painter',
      tier: 'standard',
      rates: { input: ['5', M], output_image: ['40', M], 'image/low/1024x1024': ['0.011', 1] },
      confidence: 'agreed',
      source: 't',
    },
    searcher: {
      model: 'acme/searcher',
      tier: 'standard',
      rates: { input: ['1', M], web_search_low: ['5', 1000], web_search_high: ['12', 1000] },
      confidence: 'agreed',
      source: 't',
    },
    guess: { model: 'acme/guess', tier: 'standard', rates: { input: ['1', M] }, confidence: 'assumed', source: 't' },
    resold: { model: 'vendor/resold', tier: 'standard', rates: { input: ['1', M] }, confidence: 'agreed', source: 't' },
    'claude-x': {
      model: 'anthropic/claude-x',
      tier: 'standard',
      rates: { input: ['3', M], cache_write_5m: ['3.75', M] },
      confidence: 'agreed',
      source: 't',
    },
  },
});

const AT = Date.parse('2026-06-01T00:00:00Z');

function price(usage: Partial<TokenUsage>, changes: Partial<PriceRequest> = {}) {
  return priceUsage(book, {
    provider: 'acme',
    responseModel: 'chat',
    requestModel: '',
    at: AT,
    serviceTier: '',
    region: '',
    ...changes,
    usage: { ...EMPTY_USAGE, ...usage },
  });
}

describe('I4 exact cost', () => {
  it('is the sum of the lines, each quantity × rate', () => {
    const priced = price({ inputTokens: 900, cacheReadTokens: 300, outputTokens: 7, units: { webSearches: 2 } });
    expect(priced.lines.map(({ class: name, quantity, amount }) => [name, quantity, amount])).toEqual([
      ['input', 600, 1_500_000_000n],
      ['cache_read', 300, 75_000_000n],
      ['output', 7, 70_000_000n],
      ['web_search', 2, 20_000_000_000n],
    ]);
    expect(priced).toMatchObject({ total: 21_645_000_000n, source: 'computed', reason: '', flags: [], model: 'chat' });
    expect(priced.lines[0]).toMatchObject({ rate: '2.5', per: M, rateId: 'chat-new', unit: 'token' });
  });

  it('divides once and rounds half to even at the twelfth decimal, for fractions of a second too', () => {
    expect(price({ units: { inputAudioSeconds: 100.5 } }, { responseModel: 'voice' }).total).toBe(3_098_750_000n);
    // 11.1 × 111 / 3,600,000 = 0.00034225 exactly; 13 s is 0.000400833333…
    expect(price({ units: { inputAudioSeconds: 13 } }, { responseModel: 'voice' }).total).toBe(400_833_333n);
  });

  it('bills the least quantity of a rate', () => {
    const priced = price({ units: { inputAudioSeconds: 2 } }, { responseModel: 'voice' });
    expect(priced.lines[0]?.quantity).toBe(10);
    expect(priced.flags).toEqual(['minimum_quantity']);
  });
});

describe('I5 unknown is null, never 0', () => {
  it.each([
    ['unknown_model', { responseModel: 'chat-2' }],
    ['unknown_provider', { provider: 'nobody' }],
    ['no_provider', { provider: null, responseModel: 'chat' }],
    ['no_model', { responseModel: '' }],
    ['no_rate_for_tier', { serviceTier: 'batch' }],
  ] as const)('%s', (reason, changes) => {
    const priced = price({ inputTokens: 5 }, changes);
    expect(priced).toMatchObject({ total: null, partial: 0n, source: 'unpriced', reason });
    expect(priced.lines).toEqual([
      { class: 'input', quantity: 5, unit: 'token', rate: '', per: 1, rateId: '', amount: null },
    ]);
  });

  it('a class without a price leaves the total unknown and the rest summed', () => {
    const priced = price({ inputTokens: 10, inputAudioTokens: 4, outputTokens: 1 });
    expect(priced).toMatchObject({ total: null, partial: 25_000_000n, reason: 'no_rate_for_input_audio' });
    expect(price({ inputTokens: 1, units: { fileSearches: 1 } }).reason).toBe('no_rate_for_file_search');
  });

  it('nothing used is a known 0, whatever the model', () => {
    expect(price({}, { responseModel: 'no-such-model' })).toMatchObject({
      total: 0n,
      source: 'none',
      lines: [],
      reason: '',
    });
  });
});

describe('classes without a rate of their own', () => {
  const bare = { responseModel: 'bare' };

  it('cached tokens cost what uncached ones cost, flagged', () => {
    const priced = price({ inputTokens: 30, cacheReadTokens: 10, cacheWriteTokens: 20, cacheWrite5mTokens: 20 }, bare);
    expect(priced.total).toBe(90_000_000n);
    expect(priced.flags).toEqual(['assumed', 'assumed_cache_read', 'assumed_cache_write_5m']);
  });

  it('a 1-hour write costs 2 × input for Anthropic only', () => {
    const writes = { inputTokens: 10, cacheWriteTokens: 10, cacheWrite1hTokens: 10 };
    const claude = price(writes, { provider: 'anthropic', responseModel: 'claude-x' });
    expect(claude.total).toBe(60_000_000n);
    expect(claude.lines[0]?.rate).toBe('6');
    expect(price(writes, bare).total).toBe(30_000_000n);
  });

  it('a write of unstated lifetime takes the 5-minute rate', () => {
    const priced = price({ inputTokens: 8, cacheWriteTokens: 8 }, { provider: 'anthropic', responseModel: 'claude-x' });
    expect(priced.total).toBe(30_000_000n);
    expect(priced.flags).toContain('assumed_cache_write');
  });

  it('reasoning costs what output costs, unless it has a rate', () => {
    expect(price({ outputTokens: 10, reasoningTokens: 6 }, bare).total).toBe(40_000_000n);
    const split = price(
      { outputTokens: 10, reasoningTokens: 6, units: { citationTokens: 5, extraReasoningTokens: 100 } },
      { responseModel: 'split' },
    );
    expect(split.total).toBe(4n * 8_000_000n + 6n * 3_000_000n + 100n * 3_000_000n + 5n * 2_000_000n);
    expect(price({ units: { extraReasoningTokens: 2 } }, bare).total).toBe(8_000_000n);
  });
});

describe('which rates', () => {
  it('change at valid_from, inclusive', () => {
    const boundary = Date.parse('2026-01-01T00:00:00Z');
    expect(price({ outputTokens: 1 }, { at: boundary - 1 }).lines[0]?.rateId).toBe('chat-old');
    expect(price({ outputTokens: 1 }, { at: boundary }).lines[0]?.rateId).toBe('chat-new');
  });

  it('the whole request pays the context tier, by total input; searches keep their price', () => {
    const above = price({ inputTokens: 1001, cacheReadTokens: 1000, outputTokens: 1, units: { webSearches: 1 } });
    expect(above.lines.map((line) => line.rate)).toEqual(['5', '0.5', '15', '10']);
    expect(price({ inputTokens: 1000, outputTokens: 5000 }).lines.map((line) => line.rate)).toEqual(['2.5', '10']);
  });

  it('the provider may have a word of its own for a tier; default is standard', () => {
    expect(price({ inputTokens: 1 }, { serviceTier: 'Turbo' }).lines[0]?.rateId).toBe('chat-priority');
    expect(price({ inputTokens: 1 }, { serviceTier: 'default' }).lines[0]?.rateId).toBe('chat-new');
    expect(price({ inputTokens: 1 }, { serviceTier: 'ON_DEMAND_PRIORITY' }).lines[0]?.rateId).toBe('chat-priority');
  });

  it('a matching residency beats the row without one', () => {
    expect(price({ inputTokens: 1 }, { region: ' EU ' }).lines[0]?.rateId).toBe('chat-eu');
    expect(price({ inputTokens: 1 }, { region: 'us' }).lines[0]?.rateId).toBe('chat-new');
  });

  it('an announced price is not used, and said', () => {
    const priced = price({ inputTokens: 1 }, { at: Date.parse('2027-02-01') });
    expect(priced.lines[0]?.rateId).toBe('chat-new');
    expect(priced.flags).toEqual(['announced_change_unconfirmed']);
  });

  it('an assumed row, a fallback provider and the model of the request are flagged', () => {
    expect(price({ inputTokens: 1 }, { responseModel: 'guess' }).flags).toEqual(['assumed', 'assumed_rate']);
    expect(price({ inputTokens: 1 }, { responseModel: 'resold' })).toMatchObject({
      total: 1_000_000n,
      provider: 'acme',
      flags: ['assumed', 'assumed_provider_vendor'],
    });
    expect(price({ inputTokens: 1 }, { responseModel: 'chat-2031', requestModel: 'chat' })).toMatchObject({
      total: 2_500_000n,
      flags: ['assumed', 'assumed_request_model'],
    });
  });

  it('reports counts that contradict each other', () => {
    expect(price({ inputTokens: 1, cacheReadTokens: 4 }).flags).toEqual(['parts_exceed_input']);
  });
});

describe('units beside tokens', () => {
  it('images are billed by the piece only when no tokens came with them', () => {
    const low = { responseModel: 'painter', image: { quality: 'low', size: '1024x1024' } };
    expect(price({ units: { images: 3 } }, low).total).toBe(33_000_000_000n);
    expect(price({ units: { images: 3 } }, { responseModel: 'painter' }).total).toBeNull();
    const tokens = price({ inputTokens: 1, outputTokens: 2, outputImageTokens: 2, units: { images: 3 } }, low);
    expect(tokens.lines.map((line) => line.class)).toEqual(['input', 'output_image']);
  });

  it('the tokens of a model sold by the second are not billed, nor seconds of one sold by tokens', () => {
    const voice = price({ inputTokens: 50, units: { inputAudioSeconds: 3600 } }, { responseModel: 'voice' });
    expect(voice.total).toBe(111_000_000_000n);
    expect(price({ inputTokens: 1, units: { inputAudioSeconds: 9, neurons: 3 } }).lines).toHaveLength(1);
    expect(price({ units: { inputAudioSeconds: 9 } }).reason).toBe('no_rate_for_audio_second');
  });

  it('a search costs what its context size costs', () => {
    const search = (searchContextSize?: string) =>
      price(
        { units: { webSearches: 1 } },
        { responseModel: 'searcher', ...(searchContextSize ? { searchContextSize } : {}) },
      );
    expect(search('high').total).toBe(12_000_000_000n);
    expect(search('medium').reason).toBe('no_rate_for_web_search');
    expect(search()).toMatchObject({ total: 5_000_000_000n, flags: ['assumed', 'assumed_search_context'] });
  });
});
