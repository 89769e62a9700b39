import { describe, expect, it } from 'vitest';
import { fitRamp } from './linear-trend.ts';

const blocksOf = (mean: (at: number) => number) =>
  Array.from({ length: 60 }, (_, at) => ({ at, mean: mean(at) + 0.01 * Math.sin(at * 7), variance: 0.001 }));

describe('a ramp against a step', () => {
  it('finds when a drift began, and how far it has come', () => {
    const trend = fitRamp(
      blocksOf((at) => Math.max(0, at - 30) * 0.01),
      60,
      [20, 25, 30, 35, 40],
    );
    expect(trend.onset).toBe(30);
    expect(trend.rise).toBeCloseTo(0.3, 1);
    expect(trend.overStep).toBeGreaterThan(0);
  });

  it('is not taken in by a step', () => {
    expect(
      fitRamp(
        blocksOf((at) => (at >= 40 ? 0.2 : 0)),
        60,
        [20, 30, 40],
      ).overStep,
    ).toBeLessThan(0);
  });

  it('sees nothing where nothing grows', () => {
    expect(
      fitRamp(
        blocksOf(() => 0),
        60,
        [20, 30, 40],
      ).nats,
    ).toBeLessThan(3);
    expect(
      fitRamp(
        blocksOf((at) => -at * 0.01),
        60,
        [20, 30, 40],
      ).nats,
    ).toBe(0);
  });
});
