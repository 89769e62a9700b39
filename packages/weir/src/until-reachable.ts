import { backoffMs, sleep, WeirError } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';

const RETRY = { baseMs: 200, capMs: 5_000 };

/** Repeats a call to another system until it answers; what will not pass by waiting is thrown. */
export async function untilReachable<Result>(
  what: string,
  logger: Logger,
  call: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(WeirError.is(error) && error.retriable) || signal?.aborted === true) throw error;
      logger.warn({ error, attempt }, `${what} cannot be reached; trying again`);
      await sleep(backoffMs(attempt, RETRY), signal);
    }
  }
}
