import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predictNext } from './session-mean.ts';
import { estimateShift, shiftLogBayesFactor } from './shift-evidence.ts';
import { filterShift, type ShiftFilter } from './shift-filter.ts';

const SHIFTS = [0.16, 0.25, 0.4, 0.65, 1];
const numbers = (min: number, max: number) => fc.double({ min, max, noNaN: true });

describe('evidence of a shift at a known moment', () => {
  it('favours the shift that is there, and harmless edits when there is none', () => {
    fc.assert(
      fc.property(numbers(0.2, 1), numbers(2_000, 1e5), (shift, weight) => {
        expect(shiftLogBayesFactor(shift * weight, weight, SHIFTS, 0.03 ** 2, 0.027 ** 2)).toBeGreaterThan(5);
        expect(shiftLogBayesFactor(0.02 * weight, weight, SHIFTS, 0.03 ** 2, 0.027 ** 2)).toBeLessThan(-5);
      }),
    );
  });

  it('says nothing when nothing was seen', () => {
    expect(shiftLogBayesFactor(0, 0, SHIFTS, 0.001, 0.001)).toBeCloseTo(0, 10);
    expect(estimateShift(0, 0, 1)).toBe(0);
  });
});

describe('a shift under a wander', () => {
  it('gives what plain sums give when nothing wanders', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(numbers(-2, 2), numbers(0.1, 2)), { minLength: 1, maxLength: 40 }), (seen) => {
        const filter: ShiftFilter = { wander: 0, absorbed: 0, variance: 0, score: 0, weight: 0 };
        let score = 0;
        let weight = 0;
        for (const [residual, noise] of seen) {
          filterShift(filter, residual, noise, 1, 0);
          score += residual / noise;
          weight += 1 / noise;
        }
        expect(filter.score).toBeCloseTo(score, 6);
        expect(filter.weight).toBeCloseTo(weight, 6);
      }),
    );
  });

  it('is the likelihood of the joint normal distribution, for two observations', () => {
    fc.assert(
      fc.property(
        numbers(-1, 1),
        numbers(-1, 1),
        numbers(0.1, 1),
        numbers(0.01, 0.5),
        numbers(0, 1),
        (a, b, noise, wander, kept) => {
          const filter: ShiftFilter = { wander: 0, absorbed: 0, variance: wander, score: 0, weight: 0 };
          filterShift(filter, a, noise, 1, wander);
          filterShift(filter, b, noise, kept, wander);
          const v = wander + noise;
          const c = kept * wander;
          const det = v * v - c * c;
          // 1ᵀ Σ⁻¹ r and 1ᵀ Σ⁻¹ 1 of the two by two covariance.
          expect(filter.score).toBeCloseTo(((v - c) * (a + b)) / det, 8);
          expect(filter.weight).toBeCloseTo((2 * (v - c)) / det, 8);
        },
      ),
    );
  });
});

describe('the next call of a session', () => {
  it('tells less the more calls of the session are known, and never less than the calls differ by themselves', () => {
    const next = { mean: 0, variance: 0, gain: 0 };
    fc.assert(
      fc.property(numbers(0.01, 1), numbers(0.01, 1), fc.integer({ min: 1, max: 30 }), (between, within, calls) => {
        predictNext(0, 0, between, within, next);
        expect(next).toMatchObject({ mean: 0, gain: 1 });
        expect(next.variance).toBeCloseTo(between + within, 10);
        predictNext(calls, calls, between, within, next);
        const { gain, variance } = next;
        expect(variance).toBeGreaterThanOrEqual(within);
        predictNext(calls + 1, calls + 1, between, within, next);
        expect(next.gain).toBeLessThan(gain);
        expect(next.variance).toBeLessThan(variance);
      }),
    );
  });
});
