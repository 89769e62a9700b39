import { describe, expect, it } from 'vitest';
import { SeriesDetector } from './series-detector.ts';

const STEP_MS = 300_000;
const ALARM = 0.5;

/** A fixed sequence in [0, 1): equal on every machine. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Rows of a level with noise that is nearly normal. */
function noisy(rows: number, seed = 1): number[] {
  const next = sequence(seed);
  return Array.from({ length: rows }, () => 50 + next() + next() + next() + next() + next() + next() - 3);
}

const scores = (values: readonly number[], detector = new SeriesDetector()): number[] =>
  values.map((value, row) => detector.score(row * STEP_MS, value));
const alarms = (values: readonly number[]): number[] => {
  return scores(values).flatMap((score, row) => (score >= ALARM ? [row] : []));
};
const with_ = (values: readonly number[], from: number, length: number, change: (value: number) => number): number[] =>
  values.map((value, row) => (row >= from && row < from + length ? change(value) : value));

describe('SeriesDetector', () => {
  it('a score is a function of the past and the row alone: the same rows before another future have the same scores', () => {
    const past = noisy(1_500);
    const calm = scores([...past, ...noisy(500, 2)]);
    const wild = scores([...past, ...noisy(500, 3).map((value) => value * 9)]);
    expect(calm.slice(0, 1_500)).toEqual(wild.slice(0, 1_500));
    expect(calm).not.toEqual(wild);
  });

  it('scores lie in [0, 1], whatever the numbers', () => {
    const next = sequence(7);
    const values = Array.from({ length: 4_000 }, (_, row) => {
      if (row % 500 === 0) return 0;
      return (next() < 0.5 ? -1 : 1) * 10 ** (next() * 600 - 300);
    });
    for (const score of scores([...values, ...values.map(() => 0), Number.MAX_VALUE, -Number.MAX_VALUE, 0])) {
      expect(score >= 0 && score <= 1).toBe(true);
    }
  });

  it('a spike, a fall, a shift of level and a silence are found at once', () => {
    for (const change of [(v: number) => v + 12, (v: number) => v - 12, (v: number) => v + 5, () => 0]) {
      const found = alarms(with_(noisy(3_000), 2_000, 300, change)).filter((row) => row >= 2_000);
      expect(found[0]).toBeLessThan(2_004);
    }
  });

  it('a slow rise of a few rows is found by its mean before any row is extreme', () => {
    const found = alarms(with_(noisy(3_000), 2_000, 200, (value) => value + 1.4));
    expect(found.some((row) => row >= 2_000 && row < 2_050)).toBe(true);
  });

  it('one incident is told once', () => {
    const found = alarms(with_(noisy(4_000), 3_000, 150, (value) => value + 15));
    expect(found.filter((row) => row >= 3_000 && row < 3_150)).toHaveLength(1);
  });

  it('an anomaly does not hide the next, smaller one', () => {
    const once = with_(noisy(4_000), 2_000, 3, (value) => value + 60);
    const found = alarms(with_(once, 3_000, 3, (value) => value + 12));
    expect(found).toContain(2_000);
    expect(found).toContain(3_000);
  });

  it('what comes again and again is a habit, and not told', () => {
    const values = noisy(12_000).map((value, row) => (row % 400 === 399 ? value + 30 : value));
    const found = alarms(values);
    expect(found.filter((row) => row > 6_000 && row % 400 === 399)).toEqual([]);
  });

  it('a calm series has fewer and fewer alarms: records get rarer', () => {
    const found = alarms(noisy(40_000));
    expect(found.filter((row) => row > 5_000).length).toBeLessThan(8);
  });

  it('a constant series, and one of zeros, never alarm', () => {
    expect(alarms(Array.from({ length: 5_000 }, () => 45))).toEqual([]);
    expect(alarms(Array.from({ length: 5_000 }, () => 0))).toEqual([]);
  });

  it('the unit of the values does not matter', () => {
    const values = with_(noisy(3_000), 2_000, 3, (value) => value + 12);
    const scaled = scores(values.map((value) => value * 1_024));
    scores(values).forEach((score, row) => {
      expect(scaled[row]).toBeCloseTo(score, 5);
    });
  });

  it('a day that lacks its peak is found by the time of day', () => {
    const next = sequence(5);
    const days = Array.from({ length: 288 * 10 }, (_, row) => {
      const peak = Math.max(0, Math.sin((2 * Math.PI * ((row % 288) - 72)) / 288));
      return 20 + 60 * peak + 2 * next();
    });
    const found = alarms(days.map((value, row) => (Math.floor(row / 288) === 8 ? 20 + 2 * next() : value)));
    expect(found.some((row) => Math.floor(row / 288) === 8)).toBe(true);
  });
});
