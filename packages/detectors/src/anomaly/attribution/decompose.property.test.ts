import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompose, type ModelChange, type ModelUse, SPEND_DRIVERS } from './decompose.ts';
import { shapley } from './shapley.ts';

const amount = fc.integer({ min: 0, max: 5_000 });
const uses = fc
  .record({
    requests: amount,
    retries: amount,
    input: fc.integer({ min: 0, max: 10_000_000 }),
    cachedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    output: fc.integer({ min: 0, max: 1_000_000 }),
    cost: fc.bigInt({ min: 0n, max: 10n ** 15n }),
  })
  .map(
    ({ requests, retries, input, cachedShare, output, cost }): ModelUse => ({
      requests,
      attempts: requests + retries,
      input,
      cached: Math.floor(input * cachedShare),
      output,
      cost,
    }),
  );
const nothing: ModelUse = { requests: 0, attempts: 0, input: 0, cached: 0, output: 0, cost: 0n };
const rates = fc.option(fc.record({ input: amount, cached: amount, output: amount }), { nil: undefined });
const changes = fc.array(
  fc.record({ before: fc.oneof(uses, fc.constant(nothing)), after: fc.oneof(uses, fc.constant(nothing)), rates }),
  { maxLength: 4 },
);
const total = (list: readonly ModelChange[]): bigint =>
  list.reduce((sum, { before, after }) => sum + after.cost - before.cost, 0n);
const sumOf = (parts: Record<string, bigint>): bigint => Object.values(parts).reduce((sum, part) => sum + part, 0n);

const RATES = { input: 2_500_000, cached: 1_250_000, output: 10_000_000 };
const use = (
  requests: number,
  more: Partial<{
    attempts: number;
    input: number;
    hit: number;
    output: number;
    price: number;
    rates: typeof RATES;
  }> = {},
): ModelUse => {
  const attempts = requests * (more.attempts ?? 1);
  const input = attempts * (more.input ?? 3_000);
  const cached = input * (more.hit ?? 0.2);
  const output = attempts * (more.output ?? 200);
  const book = more.rates ?? RATES;
  const cost = ((input - cached) * book.input + cached * book.cached + output * book.output) * (more.price ?? 1);
  return { requests, attempts, input, cached, output, cost: BigInt(Math.round(cost)) };
};
const leader = (parts: Record<string, bigint>): string =>
  Object.entries(parts).reduce((best, part) => (part[1] * part[1] > best[1] * best[1] ? part : best))[0];

describe('I4 the causes of a change of spend', () => {
  it('add up to the change to the last pico-dollar, whatever is zero, new or gone', () => {
    fc.assert(
      fc.property(changes, (list) => void expect(sumOf(decompose(list))).toBe(total(list))),
      { numRuns: 500 },
    );
  });

  it('turn round when before and after are swapped', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const there = decompose(list);
        const back = decompose(
          list.map(({ before, after, rates: book }) => ({ before: after, after: before, rates: book })),
        );
        for (const driver of SPEND_DRIVERS) {
          const size = Number(there[driver] < 0n ? -there[driver] : there[driver]);
          // The models a span lacks take its averages, which is the same both ways; what differs is the rounding.
          expect(Math.abs(Number(there[driver] + back[driver]))).toBeLessThanOrEqual(16 + size * 1e-9);
        }
      }),
    );
  });

  it.each([
    ['requests', use(100), use(250)],
    ['retries', use(100), use(100, { attempts: 1.8 })],
    ['input_tokens', use(100), use(100, { input: 7_000 })],
    ['cache', use(100, { hit: 0.8 }), use(100, { hit: 0.1 })],
    ['output_tokens', use(100), use(100, { output: 900 })],
    ['price', use(100), use(100, { price: 1.3 })],
  ] as const)('names %s alone when nothing else changed', (driver, before, after) => {
    const parts = decompose([{ before, after, rates: RATES }]);
    expect(parts[driver]).toBe(after.cost - before.cost);
  });

  it('names the mix when a dearer model takes over', () => {
    const dear = { input: 15_000_000, cached: 1_500_000, output: 75_000_000 };
    const parts = decompose([
      { before: use(100), after: nothing, rates: RATES },
      { before: nothing, after: use(100, { rates: dear }), rates: dear },
    ]);
    expect(leader(parts)).toBe('model_mix');
    expect(parts.model_mix).toBe(sumOf(parts));
  });
});

describe('Shapley values', () => {
  it('add up, and give nothing to whom changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 16, maxLength: 16 }), (table) => {
        // The fourth player is a dummy: its bit is ignored.
        const value = (turned: number): number => table[turned & 7] as number;
        const parts = shapley(4, value);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(value(15) - value(0), 6);
        expect(parts[3]).toBeCloseTo(0, 9);
      }),
    );
  });
});
