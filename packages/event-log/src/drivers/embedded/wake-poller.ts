import { PARTITION } from './topic/topic-state.ts';
import type { TopicStore } from './topic/topic-store.ts';

const FASTEST_MS = 1;
const SLOWEST_MS = 25;

interface Waiter {
  readonly store: TopicStore;
  readonly partition: number;
  readonly offset: number;
  readonly done: () => void;
}

/**
 * Wakes readers: at once after an append of this process, and by looking at the shared counters for those of others,
 * every millisecond while records come and every 25 ms when none do. One timer for all readers, none without readers.
 */
export class WakePoller {
  readonly #waiters = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #intervalMs = FASTEST_MS;

  /** Resolves when the partition has a record at or after `offset`, after `waitMs`, or when `signal` aborts. */
  wait(store: TopicStore, partition: number, offset: number, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(expiry);
        signal.removeEventListener('abort', done);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { store, partition, offset, done };
      const expiry = setTimeout(done, waitMs);
      signal.addEventListener('abort', done, { once: true });
      this.#waiters.add(waiter);
      this.#schedule();
    });
  }

  /** Something was appended by this process. */
  notify(): void {
    if (this.#waiters.size === 0) return;
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#look();
    });
  }

  /** Lets every waiter go. */
  close(): void {
    for (const waiter of [...this.#waiters]) waiter.done();
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const found = this.#look();
      this.#intervalMs = found ? FASTEST_MS : Math.min(SLOWEST_MS, this.#intervalMs * 1.5);
      if (this.#waiters.size > 0) this.#schedule();
    }, this.#intervalMs);
  }

  #look(): boolean {
    const byStore = Map.groupBy(this.#waiters, (waiter) => waiter.store);
    let found = false;
    for (const [store, waiters] of byStore) {
      try {
        const state = store.load();
        for (const { partition, offset, done } of waiters) {
          if (state.of(partition, PARTITION.next) <= offset) continue;
          found = true;
          done();
        }
      } catch {
        // A closed or broken store: its readers find out when they read.
        for (const { done } of waiters) done();
      }
    }
    return found;
  }
}
