import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from './embedded-price-book.ts';
import { priceUsage } from './price-usage.ts';

const book = embeddedPriceBook();
const count = fc.nat({ max: 2_000_000 });
const model = fc.constantFrom(
  ['openai', 'gpt-5.6-luna'],
  ['openai', 'gpt-realtime'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['bedrock', 'us.anthropic.claude-opus-4-6-v1'],
  ['azure', 'gpt-4o'],
  ['groq', 'whisper-large-v3'],
  ['deepseek', 'deepseek-v4-flash'],
  ['openrouter', 'no/such-model'],
);
const at = fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2027-06-01') });
const tier = fc.constantFrom('', 'batch', 'flex', 'priority', 'default');
const usage: fc.Arbitrary<TokenUsage> = fc
  .record({
    text: count,
    reads: count,
    writes5m: count,
    writes1h: count,
    audio: count,
    out: count,
    searches: fc.nat({ max: 40 }),
    seconds: fc.double({ min: 0, max: 9000, noNaN: true }),
  })
  .map((parts) => ({
    ...EMPTY_USAGE,
    inputTokens: parts.text + parts.reads + parts.writes5m + parts.writes1h + parts.audio,
    cacheReadTokens: parts.reads,
    cacheWriteTokens: parts.writes5m + parts.writes1h,
    cacheWrite5mTokens: parts.writes5m,
    cacheWrite1hTokens: parts.writes1h,
    inputAudioTokens: parts.audio,
    outputTokens: parts.out,
    units: { webSearches: parts.searches, inputAudioSeconds: parts.seconds },
  }));

const request = fc
  .record({ model, at, tier, usage })
  .map(({ model: [provider = '', responseModel = ''], ...rest }) => ({
    provider,
    responseModel,
    requestModel: '',
    at: rest.at,
    serviceTier: rest.tier,
    region: '',
    usage: rest.usage,
  }));

describe('I4 and I5 for every request', () => {
  it('the priced lines add up to the partial sum, exactly; nothing is negative; null and reason go together', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const priced = priceUsage(book, asked);
        const sum = priced.lines.reduce((total, line) => total + (line.amount ?? 0n), 0n);
        expect(priced.partial).toBe(sum);
        expect(priced.lines.every((line) => line.amount === null || line.amount >= 0n)).toBe(true);
        const complete = priced.reason === '' && priced.lines.every((line) => line.amount !== null);
        expect(priced.total).toBe(complete ? sum : null);
        expect(priced.source === 'unpriced').toBe(priced.total === null);
        expect(typeof priced.partial).toBe('bigint');
      }),
      { numRuns: 500 },
    );
  });

  it('the same request and book give the same answer (I6)', () => {
    fc.assert(
      fc.property(request, (asked) => {
        expect(priceUsage(book, asked)).toEqual(priceUsage(book, asked));
      }),
    );
  });

  it('each line is what its class alone would cost at the same rates', () => {
    fc.assert(
      fc.property(count, count, at, (input, output, when) => {
        const price = (changes: Partial<TokenUsage>) =>
          priceUsage(book, {
            provider: 'openai',
            responseModel: 'gpt-4.1',
            requestModel: '',
            at: when,
            serviceTier: '',
            region: '',
            usage: { ...EMPTY_USAGE, ...changes },
          }).total;
        const both = price({ inputTokens: input, outputTokens: output });
        expect(both).toBe((price({ inputTokens: input }) ?? 0n) + (price({ outputTokens: output }) ?? 0n));
      }),
    );
  });

  it('a name that merely begins like a known one stays unknown', () => {
    const suffix = fc.stringMatching(/^[a-z]{3,8}[0-9]{1,3}$/);
    fc.assert(
      fc.property(model, suffix, ([provider = '', name = ''], tail) => {
        const asked = { provider, responseModel: `${name}-${tail}`, requestModel: '', at: Date.parse('2026-07-01') };
        const priced = priceUsage(book, {
          ...asked,
          serviceTier: '',
          region: '',
          usage: { ...EMPTY_USAGE, inputTokens: 1, outputTokens: 1 },
        });
        expect(priced).toMatchObject({ total: null, model: '' });
      }),
    );
  });
});
