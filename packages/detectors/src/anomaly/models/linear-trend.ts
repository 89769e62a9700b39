/** One block of time: the mean of a residual, the variance of that mean, and the group whose common level it shares. */
export interface Block {
  readonly at: number;
  readonly mean: number;
  readonly variance: number;
  readonly group: number;
}

/** What moves by itself: a wander that reverts, seen through the means of blocks, and a level of its own for each group. */
export interface TrendNoise {
  /** Variance of the wander, and its time constant in blocks. */
  readonly wanderVariance: number;
  readonly wanderBlocks: number;
  readonly groupVariance: number;
  /** Of slopes as they come, per block: a ramp that is steeper than any drift is none. */
  readonly slopeVariance: number;
}

export interface Trend {
  readonly nats: number;
  /** Log-likelihood by which a ramp explains the blocks better than any single step. */
  readonly overStep: number;
  readonly rise: number;
  readonly onset: number;
}

/** The best ramp (constant, then growing until now) among the `onsets`, against the best step: generalised least squares. */
export function fitRamp(blocks: readonly Block[], now: number, onsets: readonly number[], noise: TrendNoise): Trend {
  const factor = cholesky(blocks, noise);
  const whiten = (shape: (block: Block) => number): Float64Array => solve(factor, blocks.map(shape));
  const level = whiten(() => 1);
  const means = whiten(({ mean }) => mean);
  const fit = (shape: (at: number) => number, prior: number): { nats: number; slope: number } => {
    const x = whiten(({ at }) => shape(at));
    const tilt = dot(x, level) / dot(level, level);
    for (let at = 0; at < x.length; at += 1) x[at] = (x[at] as number) - tilt * (level[at] as number);
    const xx = dot(x, x);
    const xy = dot(x, means);
    return xx <= 1e-12 ? { nats: 0, slope: 0 } : { nats: (xy * xy) / (2 * (xx + prior)), slope: xy / (xx + prior) };
  };
  let best: Trend = { nats: 0, overStep: 0, rise: 0, onset: now };
  for (const onset of onsets) {
    const { nats, slope } = fit((at) => Math.max(0, at - onset), 1 / noise.slopeVariance);
    if (slope > 0 && nats > best.nats) best = { nats, overStep: 0, rise: slope * (now - onset), onset };
  }
  let step = 0;
  for (const { at: change } of blocks) {
    const { nats, slope } = fit((at) => (at >= change ? 1 : 0), 0);
    if (slope > 0) step = Math.max(step, nats);
  }
  return { ...best, overStep: best.nats - step };
}

/** The lower triangle, row after row, of the factor of the covariance of the blocks. */
function cholesky(blocks: readonly Block[], { wanderVariance, wanderBlocks, groupVariance }: TrendNoise): Float64Array {
  const n = blocks.length;
  const factor = new Float64Array(n * n);
  const decay = Math.exp(-1 / wanderBlocks);
  // Means of an Ornstein-Uhlenbeck process over blocks of length one.
  const own = 2 * wanderVariance * wanderBlocks * (1 - wanderBlocks * (1 - decay));
  const next = wanderVariance * (wanderBlocks * (1 - decay)) ** 2;
  for (let row = 0; row < n; row += 1) {
    const one = blocks[row] as Block;
    for (let column = 0; column <= row; column += 1) {
      const other = blocks[column] as Block;
      const apart = one.at - other.at;
      let sum = apart === 0 ? own + one.variance : next * decay ** (apart - 1);
      if (one.group === other.group) sum += groupVariance;
      for (let at = 0; at < column; at += 1)
        sum -= (factor[row * n + at] as number) * (factor[column * n + at] as number);
      factor[row * n + column] =
        row === column ? Math.sqrt(Math.max(1e-12, sum)) : sum / (factor[column * n + column] as number);
    }
  }
  return factor;
}

function solve(factor: Float64Array, values: readonly number[]): Float64Array {
  const n = values.length;
  const result = new Float64Array(n);
  for (let row = 0; row < n; row += 1) {
    let sum = values[row] as number;
    for (let at = 0; at < row; at += 1) sum -= (factor[row * n + at] as number) * (result[at] as number);
    result[row] = sum / (factor[row * n + row] as number);
  }
  return result;
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
