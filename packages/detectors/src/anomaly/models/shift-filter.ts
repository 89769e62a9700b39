/**
 * A constant shift under a wander that reverts to its mean (an Ornstein-Uhlenbeck process). One Kalman filter follows
 * the wander as if there were no shift, and a second mean follows what the filter makes of a shift of one: innovations
 * are linear in the shift, so its log-likelihood stays a parabola, `score`·d − `weight`·d²/2, with the wander integrated out.
 */
export interface ShiftFilter {
  /** Wander as estimated without a shift, and what of a shift of one the filter would take for wander. */
  wander: number;
  absorbed: number;
  variance: number;
  score: number;
  weight: number;
}

/** One observation of variance `noise`, `kept` = exp(−time since the last one ÷ time constant of the wander). */
export function filterShift(
  filter: ShiftFilter,
  residual: number,
  noise: number,
  kept: number,
  wanderVariance: number,
): void {
  filter.wander *= kept;
  filter.absorbed *= kept;
  filter.variance = kept * kept * filter.variance + (1 - kept * kept) * wanderVariance;
  const total = filter.variance + noise;
  const innovation = residual - filter.wander;
  const response = 1 - filter.absorbed;
  filter.score += (innovation * response) / total;
  filter.weight += (response * response) / total;
  const gain = filter.variance / total;
  filter.wander += gain * innovation;
  filter.absorbed += gain * response;
  filter.variance *= 1 - gain;
}
