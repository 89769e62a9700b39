import { errorMessage, sleep, WeirError } from '@weir/kernel';

export interface WaitOptions {
  /** Default 10,000 ms. */
  readonly timeoutMs?: number;
  /** Default 25 ms. */
  readonly intervalMs?: number;
  /** What is awaited, for the error: "10 rows in the ledger". */
  readonly what: string;
}

/**
 * Calls `condition` until it returns something other than false, null or undefined, and returns that. A condition
 * that throws is not yet met; its last error is the cause of the time-out.
 * @throws WeirError `TESTKIT_TIMEOUT`
 */
export async function waitFor<T>(
  condition: () => T | false | null | undefined | Promise<T | false | null | undefined>,
  options: WaitOptions,
): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 25, what } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) break;
    await sleep(intervalMs);
  }
  const because = lastError === undefined ? '' : ` (last error: ${errorMessage(lastError)})`;
  throw new WeirError('TESTKIT_TIMEOUT', `gave up after ${timeoutMs} ms waiting for ${what}${because}`, {
    cause: lastError,
  });
}
