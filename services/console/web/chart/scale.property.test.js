import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisTicks, stackSeries, toPixels } from './scale.js';

const amount = fc.bigInt(0n, 10n ** 24n);

describe('scale', () => {
  it('stacks to the exact sum of what is known', () => {
    const series = fc.array(fc.array(fc.option(amount), { minLength: 3, maxLength: 3 }), { maxLength: 5 });
    fc.assert(
      fc.property(series, (values) => {
        const { bars, highest } = stackSeries(values);
        const sums = [0, 1, 2].map((slot) => values.reduce((sum, one) => sum + (one[slot] ?? 0n), 0n));
        for (const bar of bars) expect(bar.high - bar.low).toBe(values[bar.series]?.[bar.slot]);
        for (const sum of sums) expect(highest).toBeGreaterThanOrEqual(sum);
        expect([0n, ...sums]).toContain(highest);
      }),
    );
  });

  it('gives a few even ticks that hold the highest value', () => {
    fc.assert(
      fc.property(amount, (highest) => {
        const ticks = axisTicks(highest, 4);
        expect(ticks.length).toBeLessThanOrEqual(5);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(highest);
        expect(ticks[0]).toBe(0n);
      }),
    );
    expect(axisTicks(45n, 4)).toEqual([0n, 20n, 40n, 60n]);
    expect(axisTicks(0n, 4)).toEqual([0n]);
  });

  it('fills the height at the top and nothing at the bottom', () => {
    expect([toPixels(0n, 7n, 200), toPixels(7n, 7n, 200), toPixels(1n, 2n, 200)]).toEqual([0, 200, 100]);
  });
});
