import { randomInt } from 'node:crypto';
import type { Clock } from '@weir/kernel';
import { TOPIC } from './topic-state.ts';
import type { TopicChange, TopicStorage } from './topic-storage.ts';

/** The fields of a job's claim. */
const JOBS = {
  flush: { owner: TOPIC.flushOwner, until: TOPIC.flushUntil },
  compact: { owner: TOPIC.compactOwner, until: TOPIC.compactUntil },
} as const;

/** Lets one process at a time do a topic's housekeeping; the claim of a killed process runs out. */
export class JobClaims {
  readonly #storage: TopicStorage;
  readonly #clock: Clock;
  /** Differs from any other's: of 2^47. */
  readonly #owner = randomInt(1, 2 ** 47);

  constructor(storage: TopicStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Runs `work` unless another process is at it. */
  async run(job: keyof typeof JOBS, holdMs: number, work: () => Promise<void>): Promise<void> {
    const fields = JOBS[job];
    const claimed = this.#storage.transact(({ state }) => {
      const now = this.#clock.now();
      const owner = state.get(fields.owner);
      if (owner !== 0 && owner !== this.#owner && state.get(fields.until) > now) return false;
      state.set(fields.owner, this.#owner);
      state.set(fields.until, now + holdMs);
      return true;
    });
    if (!claimed) return;
    try {
      await work();
    } finally {
      this.#storage.transact((change) => {
        if (this.holds(change, job)) change.state.set(fields.owner, 0);
      });
    }
  }

  /** True while the claim on `job` is still this process's. */
  holds(change: TopicChange, job: keyof typeof JOBS): boolean {
    return change.state.get(JOBS[job].owner) === this.#owner;
  }
}
