import { describe, expect, it } from 'vitest';
import { BIN_MS, binOf, SeasonalRate } from './seasonal-rate.ts';

const WEEK_BINS = 336;
const dayOf = (bin: number): number => Math.floor(bin / 48);

/** Counts of an office week: more at noon, a fifth at the weekend. */
const office = (bin: number): number =>
  (10 + 30 * Math.exp(-(((bin % 48) - 24) ** 2) / 50)) * (dayOf(bin) >= 5 ? 0.2 : 1);

function learn(weeks: number, count: (bin: number, week: number) => number): SeasonalRate {
  const season = new SeasonalRate();
  season.reach(0);
  for (let week = 0; week < weeks; week += 1) {
    for (let bin = 0; bin < WEEK_BINS; bin += 1) season.close(0, bin, count(bin, week));
  }
  return season;
}

describe('the season of a stream', () => {
  it('is known for every half hour of the week after one week', () => {
    const season = learn(1, office);
    for (let bin = 0; bin < WEEK_BINS; bin += 1) expect(season.rate(0, bin) / office(bin)).toBeCloseTo(1, 1);
    expect(season.seenDays(0)).toBe(7);
  });

  it('learns what happens every week at the same hour only', () => {
    const batch = 100;
    const season = learn(4, (bin) => office(bin) + (bin === batch ? 400 : 0));
    expect(season.rate(0, batch)).toBeGreaterThan(0.6 * (office(batch) + 400));
    expect(season.rate(0, batch + 1) / office(batch + 1)).toBeCloseTo(1, 0);
  });

  it('follows growth: the last weeks weigh most', () => {
    const season = learn(8, (bin, week) => office(bin) * (week < 4 ? 1 : 2));
    expect(season.rate(0, 24) / office(24)).toBeGreaterThan(1.6);
  });

  it('takes a day of which only a part was seen for nothing', () => {
    const season = new SeasonalRate();
    season.reach(0);
    for (let bin = 20; bin < 48; bin += 1) season.close(0, bin, 1_000);
    for (let bin = 48; bin < 96; bin += 1) season.close(0, bin, 10);
    expect(season.rate(0, 60)).toBeCloseTo(10, 0);
  });

  it('numbers half hours by the local clock', () => {
    expect(binOf(0)).toBe(0);
    expect(binOf(BIN_MS * 337)).toBe(1);
  });
});
