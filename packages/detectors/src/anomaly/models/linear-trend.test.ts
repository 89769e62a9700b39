import { describe, expect, it } from 'vitest';
import { fitRamp, type TrendNoise } from './linear-trend.ts';

const NOISE: TrendNoise = {
  wanderVariance: 0.002,
  wanderBlocks: 0.7,
  groupVariance: 0.0007,
  slopeVariance: 0.0075 ** 2,
};

/** Standard normal numbers, always the same. */
function randomOf(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const blocksOf = (mean: (at: number) => number) =>
  Array.from({ length: 60 }, (_, at) => ({ at, mean: mean(at) + 0.01 * Math.sin(at * 7), variance: 0.001, group: 1 }));

describe('a ramp against a step', () => {
  it('finds when a drift began, and how far it has come', () => {
    const trend = fitRamp(
      blocksOf((at) => Math.max(0, at - 30) * 0.01),
      60,
      [20, 25, 30, 35, 40],
      NOISE,
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
        NOISE,
      ).overStep,
    ).toBeLessThan(-2.5);
  });

  it('sees nothing where nothing grows', () => {
    expect(
      fitRamp(
        blocksOf(() => 0),
        60,
        [20, 30, 40],
        NOISE,
      ).nats,
    ).toBeLessThan(3);
    expect(
      fitRamp(
        blocksOf((at) => -at * 0.01),
        60,
        [20, 30, 40],
        NOISE,
      ).nats,
    ).toBe(0);
  });

  it('counts no wander as a trend: noise of its own kind passes the threshold as rarely as it should', () => {
    const random = randomOf(3);
    const kept = Math.exp(-1 / 70);
    let found = 0;
    for (let turn = 0; turn < 300; turn += 1) {
      let wander = 0;
      const blocks = Array.from({ length: 60 }, (_, at) => {
        let mean = 0;
        for (let part = 0; part < 100; part += 1) {
          wander = kept * wander + Math.sqrt(0.002 * (1 - kept ** 2)) * random();
          mean += wander / 100;
        }
        return { at, mean: mean + 0.03 * random(), variance: 0.0009, group: 1 };
      });
      if (fitRamp(blocks, 60, [20, 25, 30, 35, 40], NOISE).nats > 4.5) found += 1;
    }
    // One-sided, 3 standard deviations, five correlated onsets: about one in four hundred.
    expect(found).toBeLessThanOrEqual(5);
  });

  it('takes a new level that comes with a group of its own for what it is', () => {
    const step = blocksOf((at) => (at >= 45 ? 0.05 : 0));
    const grouped = step.map((block) => ({ ...block, group: block.at >= 45 ? 2 : 1 }));
    const onsets = [30, 40, 45];
    expect(fitRamp(grouped, 60, onsets, NOISE).nats).toBeLessThan(0.5 * fitRamp(step, 60, onsets, NOISE).nats);
  });
});
