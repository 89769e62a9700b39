import { SeriesDetector } from '@weir/detectors';
import { describe, expect, it } from 'vitest';
import { type LabelledSeries, windowsAround } from '../../bench/series/labelled-series.ts';
import { nabScore, PROFILES, type Scored } from '../../bench/series/nab-score.ts';
import { syntheticMicrosoft } from '../../bench/series/synthetic-microsoft.ts';
import { syntheticNab } from '../../bench/series/synthetic-nab.ts';
import { windowedGaussian } from '../../bench/series/windowed-gaussian.ts';

const series: LabelledSeries = {
  family: 'test',
  name: 'test',
  times: Array.from({ length: 1_000 }, (_, row) => row),
  values: Array.from({ length: 1_000 }, () => 0),
  windows: [
    [400, 449],
    [700, 749],
  ],
};
const at = (rows: readonly number[]): Scored => {
  const scores = new Float64Array(1_000);
  for (const row of rows) scores[row] = 0.9;
  return { series, scores };
};
const standard = (rows: readonly number[]): number => nabScore([at(rows)], PROFILES.standard).score;

describe('the scoring rules', () => {
  it('nothing found is 0; every window found at its first row and nothing else is 100; late is worth less', () => {
    expect(standard([])).toBe(0);
    expect(standard([400, 700])).toBeCloseTo(100, 9);
    expect(standard([425, 725])).toBeLessThan(standard([410, 710]));
    expect(standard([400])).toBeCloseTo(50, 9);
  });

  it('more rows of a window add nothing; rows of the first 15 % count for nothing', () => {
    expect(standard([400, 401, 449, 700, 710])).toBeCloseTo(100, 9);
    expect(standard([10, 149, 400, 700])).toBeCloseTo(100, 9);
  });

  it('a false alarm costs 0.11 of a window, less right behind one, and twice that with the low profile', () => {
    expect(standard([300, 400, 700])).toBeCloseTo(100 * (1 - 0.11 / 4), 9);
    expect(standard([452, 400, 700])).toBeGreaterThan(standard([600, 400, 700]));
    const low = nabScore([at([300, 400, 700])], PROFILES['low false positives']).score;
    expect(low).toBeCloseTo(100 * (1 - 0.22 / 4), 9);
  });

  it('the best threshold is found over the corpus; another one can be given', () => {
    const scores = new Float64Array(1_000);
    scores[400] = 0.8;
    scores[700] = 0.7;
    scores.fill(0.2, 500, 690);
    expect(nabScore([{ series, scores }], PROFILES.standard)).toMatchObject({ threshold: 0.7, falsePositives: 0 });
    expect(nabScore([{ series, scores }], PROFILES.standard, 0.1).falsePositives).toBe(190);
  });

  it('windows share a tenth of the rows, and join where they meet', () => {
    expect(windowsAround([500], 1_000)).toEqual([[450, 550]]);
    expect(windowsAround([500, 520], 1_000)).toEqual([[475, 545]]);
  });
});

describe('the detector on series it was not tuned on', () => {
  it.each([
    ['NAB', syntheticNab, 60],
    ['Microsoft', syntheticMicrosoft, 55],
  ])('stand-ins for %s: far above a windowed Gaussian, with an alarm at 0.5', (_name, corpus, least) => {
    const list = corpus('unseen');
    const ours = list.map((each): Scored => {
      const detector = new SeriesDetector();
      const scores = each.values.map((value, row) => detector.score(each.times[row] ?? 0, value));
      return { series: each, scores: Float64Array.from(scores) };
    });
    const gaussian = list.map((each): Scored => ({ series: each, scores: windowedGaussian(each.values) }));
    const score = nabScore(ours, PROFILES.standard, 0.5).score;
    expect(score).toBeGreaterThan(least);
    expect(score).toBeGreaterThan(nabScore(gaussian, PROFILES.standard).score + 15);
  });
});
