import { type Clock, sleep } from '@weir/kernel';
import type { GroupStore } from './group/group-store.ts';
import { compactTopic } from './topic/compaction.ts';
import { JobClaims } from './topic/job-claims.ts';
import { type CommittedPast, retainTopic } from './topic/retention.ts';
import { flushTopic } from './topic/topic-flusher.ts';
import type { TopicStore } from './topic/topic-store.ts';

/** A full topic looks for room at most this often, so that refusing appends stays cheap. */
const MAKE_ROOM_EVERY_MS = 50;

export interface HousekeepingOptions {
  readonly topics: ReadonlyMap<string, TopicStore>;
  readonly groups: GroupStore;
  readonly clock: Clock;
  readonly fsyncIntervalMs: number;
  readonly retentionIntervalMs: number;
  readonly committedPast: CommittedPast;
  readonly onError: (error: unknown) => void;
}

/** The background work of one process: syncing, retention and compaction. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stopping = new AbortController();
  readonly #claims = new WeakMap<TopicStore, JobClaims>();
  readonly #madeRoomAt = new WeakMap<TopicStore, number>();
  #loop: Promise<unknown> | undefined;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    const { fsyncIntervalMs, retentionIntervalMs } = this.#options;
    this.#loop = Promise.all([
      this.#every(fsyncIntervalMs, () => this.flush()),
      this.#every(retentionIntervalMs, () => this.retain()),
    ]);
  }

  /** Syncs what is not synced yet: the segments, then the commits. @throws the first failure, after trying all. */
  async flush(): Promise<void> {
    const { topics, groups } = this.#options;
    let failure: { readonly error: unknown } | undefined;
    const steps = [...topics.values()].map((store) => () => flushTopic(store, this.#claimsOf(store)));
    for (const step of [...steps, () => groups.sync()]) {
      try {
        await step();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  async retain(): Promise<void> {
    const { topics, clock, committedPast } = this.#options;
    for (const store of topics.values()) {
      retainTopic(store, clock.now(), committedPast);
      await compactTopic(store, this.#claimsOf(store), committedPast);
    }
  }

  /** Retention out of turn, for a topic that is full. */
  makeRoom(store: TopicStore): void {
    const now = this.#options.clock.monotonic();
    if (now - (this.#madeRoomAt.get(store) ?? Number.NEGATIVE_INFINITY) < MAKE_ROOM_EVERY_MS) return;
    this.#madeRoomAt.set(store, now);
    retainTopic(store, this.#options.clock.now(), this.#options.committedPast);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #every(intervalMs: number, work: () => Promise<void>): Promise<void> {
    for (;;) {
      await sleep(intervalMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#options.onError(error);
      }
    }
  }

  #claimsOf(store: TopicStore): JobClaims {
    const claims = this.#claims.get(store) ?? new JobClaims(store.storage, this.#options.clock);
    this.#claims.set(store, claims);
    return claims;
  }
}
