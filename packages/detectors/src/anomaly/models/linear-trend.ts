/** One block of time: the mean of a residual and its variance. */
export interface Block {
  readonly at: number;
  readonly mean: number;
  readonly variance: number;
}

interface Fit {
  /** Log-likelihood gained over a constant. */
  readonly nats: number;
  readonly slope: number;
}

/** Weighted least squares of `mean` on a shape and a constant. */
function fit(blocks: readonly Block[], shape: (at: number) => number): Fit {
  let weight = 0;
  let x = 0;
  let y = 0;
  for (const block of blocks) {
    const w = 1 / block.variance;
    weight += w;
    x += w * shape(block.at);
    y += w * block.mean;
  }
  let xx = 0;
  let xy = 0;
  for (const block of blocks) {
    const dx = shape(block.at) - x / weight;
    xx += (dx * dx) / block.variance;
    xy += (dx * (block.mean - y / weight)) / block.variance;
  }
  return xx <= 0 ? { nats: 0, slope: 0 } : { nats: (xy * xy) / (2 * xx), slope: xy / xx };
}

export interface Trend {
  readonly nats: number;
  /** Log-likelihood by which a ramp explains the blocks better than any single step. */
  readonly overStep: number;
  readonly rise: number;
  readonly onset: number;
}

/** The best ramp (constant, then growing until now) among the `onsets`, against the best step. */
export function fitRamp(blocks: readonly Block[], now: number, onsets: readonly number[]): Trend {
  let best: Trend = { nats: 0, overStep: 0, rise: 0, onset: now };
  for (const onset of onsets) {
    const { nats, slope } = fit(blocks, (at) => Math.max(0, at - onset));
    if (slope > 0 && nats > best.nats) best = { nats, overStep: 0, rise: slope * (now - onset), onset };
  }
  let step = 0;
  for (const { at: change } of blocks) {
    const { nats, slope } = fit(blocks, (at) => (at >= change ? 1 : 0));
    if (slope > 0) step = Math.max(step, nats);
  }
  return { ...best, overStep: best.nats - step };
}
