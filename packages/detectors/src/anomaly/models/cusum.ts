/** Page's CUSUM of log-likelihood ratios: never below zero, its last zero is the most likely moment of the change. */
export const cusum = (sum: number, logRatio: number): number => Math.max(0, sum + logRatio);

/** Log-likelihood ratio of one yes or no, for a share `to` against `from`. */
export const bernoulliLogRatio = (yes: boolean, from: number, to: number): number =>
  yes ? Math.log(to / from) : Math.log((1 - to) / (1 - from));

/** Posterior mean of a share under a beta prior of `strength` observations. */
export const betaMean = (hits: number, trials: number, prior: number, strength: number): number =>
  (hits + prior * strength) / (trials + strength);
