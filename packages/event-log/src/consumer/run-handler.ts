import { backoffMs, errorCode, sleep } from '@weir/kernel';
import type { SubscribeOptions } from '../event-log.ts';
import type { PartitionAssignment } from './partition-assignment.ts';

const RESTART_BACKOFF = { baseMs: 100, capMs: 10_000 } as const;

export interface HandlerRun {
  readonly subscribe: SubscribeOptions;
  readonly topic: string;
  readonly partition: number;
  /** Aborts when the partition is taken away. */
  readonly signal: AbortSignal;
  /** The next assignment, from the committed offset and under a higher generation; null when the partition is lost. */
  assign(attempt: number, signal: AbortSignal): Promise<PartitionAssignment | null>;
  /** What the handler's own `onError` threw. */
  readonly onError: (error: unknown) => void;
}

/** Runs the handler of one partition until it is taken away; after each failure it starts anew, after a back-off. */
export async function runHandler(run: HandlerRun): Promise<void> {
  let fruitless = 0;
  for (let attempt = 0; !run.signal.aborted; attempt += 1) {
    const ended = new AbortController();
    let assignment: PartitionAssignment | null = null;
    try {
      assignment = await run.assign(attempt, AbortSignal.any([run.signal, ended.signal]));
      if (assignment === null) return;
      await run.subscribe.onAssigned(assignment);
    } catch (error) {
      if (!run.signal.aborted && errorCode(error) !== 'LOG_FENCED') report(run, error);
    } finally {
      ended.abort();
    }
    if (assignment?.progressed) fruitless = 0;
    await sleep(backoffMs(fruitless, RESTART_BACKOFF), run.signal);
    fruitless += 1;
  }
}

function report({ subscribe, topic, partition, onError }: HandlerRun, error: unknown): void {
  try {
    subscribe.onError?.(error, { topic, partition });
  } catch (failure) {
    onError(failure);
  }
}
