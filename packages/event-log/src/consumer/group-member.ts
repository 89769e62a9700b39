import { type Clock, sleep } from '@weir/kernel';
import type { CommittedOffset, SubscribeOptions, Subscription } from '../event-log.ts';
import { fenced, type GroupCoordinator, type Holding } from './group-coordinator.ts';
import { PartitionAssignment } from './partition-assignment.ts';
import type { PartitionSource } from './partition-source.ts';
import { runHandler } from './run-handler.ts';

const POLL_MS = 100;

export interface GroupMemberOptions {
  /** Unique among all processes. */
  readonly id: string;
  readonly coordinator: GroupCoordinator;
  readonly openSource: (topic: string, partition: number) => PartitionSource;
  readonly clock: Clock;
  /** Failures that belong to no handler; the member keeps trying. */
  readonly onError: (error: unknown) => void;
}

interface Running {
  /** Of the assignment under way. */
  generation: number;
  readonly stop: AbortController;
  /** Monotonic ms at which it was told to stop. */
  revokedAt: number | undefined;
  finished: Promise<void>;
}

/** One member of a consumer group: takes its turns, and runs a handler for each partition it holds. */
export class GroupMember implements Subscription {
  readonly #options: GroupMemberOptions;
  readonly #subscribe: SubscribeOptions;
  readonly #running = new Map<string, Running>();
  readonly #stopping = new AbortController();
  /** Ends the wait for the next turn. */
  #kick = new AbortController();
  #version = -1;
  #renewedAt = 0;
  #abandoned = false;
  #loop: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: GroupMemberOptions, subscribe: SubscribeOptions) {
    this.#options = options;
    this.#subscribe = subscribe;
  }

  /** Joins the group. @throws what the first turn throws. */
  start(): void {
    this.#takeTurn();
    this.#loop = this.#run();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Ends without leaving the group, as a killed process does: the lease has to run out. */
  abandon(): void {
    this.#abandoned = true;
    this.#end();
  }

  #end(): void {
    this.#stopping.abort();
    this.#kick.abort();
    for (const running of this.#running.values()) running.stop.abort();
  }

  async #stop(): Promise<void> {
    this.#end();
    await this.#loop;
    await Promise.all([...this.#running.values()].map((running) => running.finished));
    if (!this.#abandoned) this.#options.coordinator.leave(this.#subscribe.group, this.#options.id);
  }

  async #run(): Promise<void> {
    const { clock, coordinator } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const pollMs = Math.min(POLL_MS, coordinator.leaseMs / 5);
      // In step with all other members of the process: waking up costs more than looking.
      const untilNext = pollMs - (clock.monotonic() % pollMs);
      await sleep(untilNext, this.#kick.signal);
      if (this.#stopping.signal.aborted) return;
      try {
        const due = clock.monotonic() - this.#renewedAt > coordinator.leaseMs / 4;
        if (due || this.#kick.signal.aborted || coordinator.version(this.#subscribe.group) !== this.#version) {
          this.#takeTurn();
        }
      } catch (error) {
        this.#options.onError(error);
        // Without a renewed lease another member may own the partitions by now.
        if (clock.monotonic() - this.#renewedAt > coordinator.leaseMs) this.#revokeAll();
        await sleep(coordinator.leaseMs / 10, this.#stopping.signal);
      }
    }
  }

  #takeTurn(): void {
    const { coordinator, id, clock } = this.#options;
    const { group, topics } = this.#subscribe;
    this.#kick = new AbortController();
    const turn = coordinator.takeTurn(group, id, topics);
    this.#version = turn.version;
    this.#renewedAt = clock.monotonic();
    const held = new Map(turn.holdings.map((holding) => [keyOf(holding), holding]));
    for (const [key, running] of this.#running) if (!held.has(key)) this.#revoke(running);
    for (const [key, holding] of held) {
      const running = this.#running.get(key);
      if (holding.wanted) {
        if (running === undefined) this.#start(key, holding);
        else if (running.generation !== holding.generation) this.#revoke(running);
      } else if (running === undefined || this.#overdue(running)) {
        coordinator.release(group, id, holding.topic, holding.partition);
      } else {
        this.#revoke(running);
      }
    }
  }

  #revoke(running: Running): void {
    running.revokedAt ??= this.#options.clock.monotonic();
    running.stop.abort();
  }

  #revokeAll(): void {
    for (const running of this.#running.values()) this.#revoke(running);
  }

  /** A handler that ignores its signal must not keep the partition from the next owner: the fence protects both. */
  #overdue(running: Running): boolean {
    if (running.revokedAt === undefined) return false;
    return this.#options.clock.monotonic() - running.revokedAt > this.#options.coordinator.leaseMs;
  }

  #start(key: string, holding: Holding): void {
    const running: Running = {
      generation: holding.generation,
      stop: new AbortController(),
      revokedAt: undefined,
      finished: Promise.resolve(),
    };
    this.#running.set(key, running);
    running.finished = this.#hold(holding, running)
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#running.delete(key);
        this.#kick.abort();
      });
  }

  async #hold(first: Holding, running: Running): Promise<void> {
    const { coordinator, id, onError } = this.#options;
    const { group } = this.#subscribe;
    const { topic, partition } = first;
    const source = this.#options.openSource(topic, partition);
    try {
      await runHandler({
        subscribe: this.#subscribe,
        topic,
        partition,
        signal: running.stop.signal,
        onError,
        assign: async (attempt, signal) => {
          const holding = attempt === 0 ? first : coordinator.restart(group, id, topic, partition);
          if (holding === null) return null;
          running.generation = holding.generation;
          return this.#assign(holding, source, signal);
        },
      });
    } finally {
      source.close();
      if (!this.#abandoned) coordinator.release(group, id, topic, partition);
    }
  }

  async #assign(holding: Holding, source: PartitionSource, signal: AbortSignal): Promise<PartitionAssignment> {
    const { coordinator, id, clock } = this.#options;
    const { group, from } = this.#subscribe;
    const { committed } = holding;
    const { startOffset, endOffset } = await source.bounds();
    const commit = (next: CommittedOffset): void => coordinator.commit(group, id, holding, next);
    // Without this anchor a crash before the first commit would start at a later "latest" and skip records (L4).
    if (committed === null && from === 'latest') commit({ offset: endOffset, metadata: '' });
    const position = committed?.offset ?? (from === 'latest' ? endOffset : startOffset);
    const { topic, partition, generation } = holding;
    return new PartitionAssignment({
      topic,
      partition,
      generation,
      committed,
      position,
      signal,
      source,
      clock,
      commit,
      fenced: () => fenced(group, holding),
    });
  }
}

function keyOf(holding: { readonly topic: string; readonly partition: number }): string {
  return `${holding.topic}/${holding.partition}`;
}
