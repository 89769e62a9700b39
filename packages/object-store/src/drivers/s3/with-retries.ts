import { backoffMs, sleep, WeirError } from '@weir/kernel';

export interface RetryLimits {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Calls until it succeeds, fails for good, or the attempts are used up; full jitter between. The attempt's number tells
 * the work that an earlier one may have landed. @throws WeirError what the last attempt threw.
 */
export async function withRetries<T>(
  limits: RetryLimits,
  signal: AbortSignal | undefined,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      const again = WeirError.is(error) && error.retriable && attempt + 1 < limits.attempts;
      if (!again || signal?.aborted === true) throw error;
      await sleep(backoffMs(attempt, limits), signal);
    }
  }
}
