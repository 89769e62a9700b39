/**
 * Evidence that a mean shifted at a known moment (a new fingerprint), from the weighted sums of the residuals since:
 * `score` = Σ residual / variance, `weight` = Σ 1 / variance (or what a `ShiftFilter` makes of them). The log-likelihood of a shift d against none is
 * d·score − d²·weight/2, so every marginal over a normal prior is closed.
 */
const logMarginal = (score: number, weight: number, mean: number, variance: number): number => {
  const shrink = 1 + variance * weight;
  return (
    -0.5 * Math.log(shrink) + (mean * score - 0.5 * mean * mean * weight + 0.5 * variance * score * score) / shrink
  );
};

/**
 * Log Bayes factor of "shifted by about one of `shifts`" against "an edit as people make them": both with a variance
 * for what wanders by itself.
 */
export function shiftLogBayesFactor(
  score: number,
  weight: number,
  shifts: readonly number[],
  wanderVariance: number,
  harmlessVariance: number,
): number {
  let best = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const shift of shifts) {
    const log = logMarginal(score, weight, shift, wanderVariance);
    if (log > best) {
      sum = sum * Math.exp(best - log) + 1;
      best = log;
    } else {
      sum += Math.exp(log - best);
    }
  }
  return best + Math.log(sum / shifts.length) - logMarginal(score, weight, 0, wanderVariance + harmlessVariance);
}

/** The shift as it is best guessed: the posterior mean under a wide normal prior. */
export const estimateShift = (score: number, weight: number, priorVariance: number): number =>
  (priorVariance * score) / (1 + priorVariance * weight);
