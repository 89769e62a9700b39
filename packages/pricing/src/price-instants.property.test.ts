import { EMPTY_USAGE } from '@weir/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from './embedded-price-book.ts';
import { priceInstants } from './price-instants.ts';
import { priceUsage } from './price-usage.ts';

const book = embeddedPriceBook();
const models = [...book.providers.values()].flatMap((provider) =>
  [...provider.names.keys()].map((name) => [provider.id, name] as const),
);
const usage = { ...EMPTY_USAGE, inputTokens: 5_003, outputTokens: 301, totalTokens: 5_304, cacheReadTokens: 107 };

describe('priceInstants', () => {
  it('I4 between two of its instants time changes no price', () => {
    const from = Date.parse('2026-02-20T00:00:00Z');
    const to = Date.parse('2026-03-20T00:00:00Z');
    const instants = [from, ...priceInstants(book, from, to)];
    expect(instants.length).toBeGreaterThan(2);
    const span = fc.integer({ min: 0, max: instants.length - 1 });
    const within = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.constantFrom(...models), span, within, within, ([provider, model], index, a, b) => {
        const [start = from, end = to] = [instants[index], instants[index + 1]];
        const priceAt = (part: number) => {
          const at = start + Math.floor((end - start) * part);
          const asked = { provider, responseModel: model, requestModel: '', serviceTier: '', region: '' };
          return priceUsage(book, { ...asked, at, usage });
        };
        expect(priceAt(a)).toEqual(priceAt(b));
      }),
      { numRuns: 3_000 },
    );
  });
});
