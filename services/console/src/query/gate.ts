import { WeirError } from '@weir/kernel';

/** Lets a bounded number of tasks run at once, and a bounded number wait. */
export interface Gate {
  /**
   * Runs a task when a place is free, first come first served; a caller that gave up while waiting is skipped.
   * @throws WeirError `CONSOLE_BUSY` at once when the queue is full, or when `signal` aborted before the turn came.
   */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

function busy(message: string): WeirError {
  return new WeirError('CONSOLE_BUSY', message, { retriable: true, fix: 'Try again in a few seconds.' });
}

/** `active` tasks run, `waiting` more queue; the next is refused (I7). */
export function createGate(limits: { readonly active: number; readonly waiting: number }): Gate {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    async run(signal, task) {
      if (running >= limits.active) {
        if (queue.length >= limits.waiting) throw busy(`${limits.waiting} queries are waiting already`);
        // The finishing task hands its place over, so `running` does not change here.
        await new Promise<void>((resolve) => queue.push(resolve));
      } else {
        running += 1;
      }
      try {
        if (signal.aborted) throw busy('the caller left before the query started');
        return await task();
      } finally {
        const next = queue.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
