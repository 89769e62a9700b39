import { backoffMs } from './backoff.ts';
import { WeirError } from './errors.ts';
import { sleep } from './sleep.ts';

const RETRY = { baseMs: 50, capMs: 5_000 };

/** Runs an append, and while the log refuses it for a passing reason, waits and tries again (I7). */
export async function untilAccepted(append: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await append();
      return;
    } catch (error) {
      if (!(WeirError.is(error) && error.retriable)) throw error;
      await sleep(backoffMs(attempt, RETRY), signal);
    }
  }
}
