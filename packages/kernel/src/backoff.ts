/** Full-jitter exponential back-off: the delay in ms before attempt `attempt` (0 = first retry). */
export function backoffMs(
  attempt: number,
  limits: { readonly baseMs: number; readonly capMs: number },
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(attempt, 30));
  return Math.ceil(random() * ceiling);
}
