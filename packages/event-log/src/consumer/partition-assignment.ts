import { type Clock, sleep } from '@weir/kernel';
import type { Assignment, CommittedOffset, ReadLimits, StoredRecord } from '../event-log.ts';
import { checkCommitMetadata } from '../topic-rules.ts';
import type { PartitionSource } from './partition-source.ts';

export interface PartitionAssignmentOptions {
  readonly topic: string;
  readonly partition: number;
  readonly generation: number;
  readonly committed: CommittedOffset | null;
  readonly position: number;
  readonly signal: AbortSignal;
  readonly source: PartitionSource;
  readonly clock: Clock;
  /** Stores the offset. @throws WeirError `LOG_FENCED`. */
  readonly commit: (committed: CommittedOffset) => void | Promise<void>;
  readonly fenced: () => Error;
}

/** The assignment that every driver hands to a group's handler. */
export class PartitionAssignment implements Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly generation: number;
  readonly signal: AbortSignal;
  readonly committed: CommittedOffset | null;
  /** True once a commit succeeded: the handler makes progress. */
  progressed = false;
  readonly #options: PartitionAssignmentOptions;
  #position: number;
  #paused: AbortController | undefined;

  constructor(options: PartitionAssignmentOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.partition = options.partition;
    this.generation = options.generation;
    this.signal = options.signal;
    this.committed = options.committed;
    this.#position = options.position;
  }

  async read(limits: ReadLimits): Promise<readonly StoredRecord[]> {
    const { source, clock } = this.#options;
    const deadline = clock.monotonic() + limits.waitMs;
    while (!this.signal.aborted) {
      if (this.#paused === undefined) {
        const from = this.#position;
        const batch = await source.read(from, limits);
        // A seek while the read was under way wins.
        if (this.#position !== from) continue;
        if (this.signal.aborted) break;
        this.#position = batch.nextOffset;
        if (batch.records.length > 0) return batch.records;
      }
      const left = deadline - clock.monotonic();
      if (left <= 0) break;
      await this.#wait(left);
    }
    return [];
  }

  seek(offset: number): void {
    this.#position = offset;
  }

  async commit(offset: number, metadata = ''): Promise<void> {
    if (this.signal.aborted) throw this.#options.fenced();
    checkCommitMetadata(metadata);
    await this.#options.commit({ offset, metadata });
    this.progressed = true;
  }

  pause(): void {
    this.#paused ??= new AbortController();
  }

  resume(): void {
    this.#paused?.abort();
    this.#paused = undefined;
  }

  async endOffset(): Promise<number> {
    return (await this.#options.source.bounds()).endOffset;
  }

  #wait(ms: number): Promise<void> {
    if (this.#paused === undefined) return this.#options.source.waitForData(this.#position, ms, this.signal);
    return sleep(ms, AbortSignal.any([this.signal, this.#paused.signal]));
  }
}
