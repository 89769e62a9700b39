import { describe, expect, it } from 'vitest';
import { type ForecastInput, forecast } from './forecast.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-11-01T00:00:00Z');

function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}
const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());

/** 58 days: weekends at 40 %, a growth of up to 0.6 % a day, noise of a tenth to a fifth, some of it lasting. */
function world(seed: number): number[] {
  const next = sequence(seed);
  const [growth, noise] = [0.006 * next(), 0.1 + 0.1 * next()];
  let wander = 0;
  return Array.from({ length: 58 }, (_, day) => {
    wander = 0.6 * wander + 0.8 * noise * normal(next);
    const weekend = new Date(START + (day - 28) * DAY).getUTCDay() % 6 === 0;
    return 100 * (1 + growth) ** day * (weekend ? 0.4 : 1) * Math.exp(wander);
  });
}
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The month is the last 30 days; looked at from its day `day`, with 28 days before. */
function lookAt(days: readonly number[], day: number, limit: number) {
  const input: ForecastInput = {
    now: START + day * DAY,
    end: START + 30 * DAY,
    used: sum(days.slice(28, 28 + day)),
    limit,
    days: days.slice(day, 28 + day),
  };
  const found = forecast(input);
  if (found === undefined) throw new Error('no forecast');
  return { found, actual: sum(days.slice(28)) };
}

describe('forecast', () => {
  it('from day 10 the median is within 10 % of the end of the month, and the interval holds it four times in five', () => {
    let [within, errors, count] = [0, 0, 0];
    for (let seed = 1; seed <= 400; seed += 1) {
      for (const day of [10, 15, 20]) {
        const { found, actual } = lookAt(world(seed), day, 1e9);
        within += found.low <= actual && actual <= found.high ? 1 : 0;
        errors += Math.abs(found.median / actual - 1);
        count += 1;
      }
    }
    expect(errors / count).toBeLessThan(0.05);
    expect(within / count).toBeGreaterThan(0.7);
    expect(within / count).toBeLessThan(0.95);
  });

  it('names the day on which the limit is passed, between an earliest and a latest', () => {
    const flat = Array.from({ length: 58 }, () => 10);
    const { found } = lookAt(flat, 10, 205);
    expect(found.passesAt).toBeCloseTo(START + 20.5 * DAY, -4);
    expect(found.earliest ?? 0).toBeLessThan(found.passesAt ?? 0);
    expect(found.latest ?? 0).toBeGreaterThan(found.passesAt ?? 0);
    expect(lookAt(flat, 10, 1_000).found).toMatchObject({ passesAt: null, earliest: null, latest: null });
    expect(lookAt(flat, 10, 1_000).found.median).toBeCloseTo(300, 6);
  });

  it('says nothing of less than three days, or of a period that is over', () => {
    const input = { now: START, end: START + DAY, used: 0, limit: 1, days: [1, 1] };
    expect(forecast(input)).toBeUndefined();
    expect(forecast({ ...input, days: [1, 1, 1], now: START + DAY })).toBeUndefined();
  });
});
