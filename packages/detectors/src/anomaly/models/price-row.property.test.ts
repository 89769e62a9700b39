import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferPriceRow, type PriceRow, priceOf, ROUNDING_PICO } from './price-row.ts';

const rates = fc.integer({ min: 1_000, max: 90_000_000 });
const samples = fc.array(
  fc.record({
    fresh: fc.integer({ min: 1, max: 100_000 }),
    cached: fc.integer({ min: 0, max: 50_000 }),
    output: fc.integer({ min: 1, max: 16_000 }),
  }),
  { minLength: 8, maxLength: 16 },
);

describe('the rates of a model, read off its events', () => {
  it('explain every event they came from, to the rounding of the ledger', () => {
    fc.assert(
      fc.property(rates, rates, rates, samples, (input, cached, output, calls) => {
        const row: PriceRow = { input, cached, output };
        const priced = calls.map((call) => ({ ...call, cost: priceOf(row, { ...call, cost: 0 }) }));
        const found = inferPriceRow(priced);
        if (found === undefined) return;
        for (const sample of priced)
          expect(Math.abs(priceOf(found, sample) - sample.cost)).toBeLessThanOrEqual(ROUNDING_PICO);
      }),
    );
  });

  it('are not guessed from events of two prices', () => {
    const row = { input: 2_500_000, cached: 1_250_000, output: 10_000_000 };
    const calls = [100, 250, 430, 900, 1_300, 2_100].map((fresh, at) => ({
      fresh,
      cached: at * 30,
      output: 50 + at * at,
    }));
    const priced = calls.map((call, at) => ({
      ...call,
      cost: priceOf(row, { ...call, cost: 0 }) * (at > 2 ? 1.2 : 1),
    }));
    expect(inferPriceRow(priced)).toBeUndefined();
    expect(inferPriceRow(calls.map((call) => ({ ...call, cost: priceOf(row, { ...call, cost: 0 }) })))).toBeDefined();
  });
});
