import { randomUUID } from 'node:crypto';
import { type Clock, sleep, systemClock, WeirError } from '@weir/kernel';
import { GroupCoordinator } from '../../consumer/group-coordinator.ts';
import { GroupMember } from '../../consumer/group-member.ts';
import type { PartitionSource } from '../../consumer/partition-source.ts';
import { tailTopic } from '../../consumer/tail-topic.ts';
import type {
  EventLog,
  LogRecord,
  PartitionLag,
  Position,
  StoredRecord,
  SubscribeOptions,
  Subscription,
  SyncAppender,
  TailOptions,
  TopicDescription,
  TopicSpec,
} from '../../event-log.ts';
import { checkRecordSize, checkTopicSpec, DEFAULT_MAX_RECORD_BYTES, recordBytes } from '../../topic-rules.ts';
import { MemoryStorage, type MemoryTopic } from './memory-storage.ts';
import { appendToTopic, boundsOf, partitionAt, readPartition, retain, topicBytes } from './memory-topic.ts';

export interface MemoryLogOptions {
  /** What this log keeps; pass the same one again to open a second "process". Default: its own. */
  readonly storage?: MemoryStorage;
  readonly clock?: Clock;
  /** How long a group member that went silent keeps its partitions, ms. Default 5,000. */
  readonly leaseMs?: number;
  /** Default 16 MiB. */
  readonly maxRecordBytes?: number;
  /** Failures that belong to no call. Default: ignored. */
  readonly onError?: (error: unknown) => void;
}

/** A log in this process's memory, for tests: the semantics of the others, nothing survives the process. */
export interface MemoryLog extends EventLog, SyncAppender {
  /** Ends as a killed process does: its group members stay until their leases run out. */
  abandon(): void;
}

export function openMemoryLog(options: MemoryLogOptions = {}): MemoryLog {
  return new MemoryEventLog(options);
}

class MemoryEventLog implements MemoryLog {
  readonly #storage: MemoryStorage;
  readonly #clock: Clock;
  readonly #coordinator: GroupCoordinator;
  readonly #members = new Set<GroupMember>();
  readonly #closing = new AbortController();
  readonly #maxRecordBytes: number;
  readonly #onError: (error: unknown) => void;
  #spread = 0;

  constructor(options: MemoryLogOptions) {
    this.#storage = options.storage ?? new MemoryStorage();
    this.#clock = options.clock ?? systemClock;
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    this.#onError = options.onError ?? (() => {});
    this.#coordinator = new GroupCoordinator({
      storage: this.#storage,
      partitionsOf: (topic) => this.#storage.topics.get(topic)?.partitions.length ?? 0,
      leaseMs: options.leaseMs ?? 5_000,
      clock: this.#clock,
    });
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    for (const spec of specs) {
      checkTopicSpec(spec);
      const topic = this.#storage.topics.get(spec.name) ?? { spec, partitions: [] };
      topic.spec = spec;
      while (topic.partitions.length < spec.partitions) {
        topic.partitions.push({ records: [], bytes: 0, nextOffset: 0, compactedRecords: 0 });
      }
      this.#storage.topics.set(spec.name, topic);
    }
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]> {
    return this.appendSync(topic, records);
  }

  appendSync(topic: string, records: readonly LogRecord[]): readonly Position[] {
    const into = this.#topic(topic);
    for (const record of records) checkRecordSize(topic, recordBytes(record), this.#maxRecordBytes);
    this.#spread += 1;
    const positions = appendToTopic(into, records, {
      now: this.#clock.now(),
      spread: this.#spread,
      committedPast: (partition) => this.#committedPast(into.spec, partition),
    });
    this.#storage.notify();
    return positions;
  }

  pressure(topic: string): number {
    const { spec, ...rest } = this.#topic(topic);
    return spec.maxBytes === undefined ? 0 : topicBytes({ spec, ...rest }) / spec.maxBytes;
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    for (const topic of options.topics) this.#topic(topic);
    const member = new GroupMember(
      {
        id: randomUUID(),
        coordinator: this.#coordinator,
        openSource: (topic, partition) => this.#source(topic, partition),
        clock: this.#clock,
        onError: this.#onError,
      },
      options,
    );
    member.start();
    this.#members.add(member);
    return {
      stop: async () => {
        await member.stop();
        this.#members.delete(member);
      },
    };
  }

  tail(topic: string, options: TailOptions): AsyncIterable<StoredRecord> {
    const from = this.#topic(topic);
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const source = (partition: number): PartitionSource => this.#source(topic, partition);
    return tailTopic({ partitions: () => from.partitions.length, source }, { ...options, signal });
  }

  async lag(group: string, topic: string): Promise<readonly PartitionLag[]> {
    return this.#topic(topic).partitions.map((state, partition) => {
      const bounds = boundsOf(state);
      const committed = this.#coordinator.committed(group, topic, partition)?.offset ?? null;
      return { partition, committed, ...bounds, lag: bounds.endOffset - (committed ?? bounds.startOffset) };
    });
  }

  async describe(): Promise<readonly TopicDescription[]> {
    this.#checkOpen();
    return [...this.#storage.topics.values()].map((topic) => {
      retain(topic, this.#clock.now(), (partition) => this.#committedPast(topic.spec, partition));
      return {
        name: topic.spec.name,
        partitions: topic.partitions.length,
        records: topic.partitions.reduce((sum, partition) => sum + partition.records.length, 0),
        bytes: topicBytes(topic),
        maxBytes: topic.spec.maxBytes ?? null,
      };
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
    this.#closing.abort();
  }

  abandon(): void {
    for (const member of this.#members) member.abandon();
    this.#closing.abort();
  }

  #source(topic: string, partition: number): PartitionSource {
    const from = partitionAt(this.#topic(topic), partition);
    const empty = (offset: number): boolean => readPartition(from, offset, ONE_RECORD).records.length === 0;
    return {
      read: async (offset, limits) => readPartition(from, offset, limits),
      bounds: () => boundsOf(from),
      waitForData: async (offset, waitMs, signal) => {
        const expired = new AbortController();
        const done = AbortSignal.any([signal, expired.signal]);
        const timer = sleep(waitMs, done).then(() => expired.abort());
        while (!done.aborted && empty(offset)) await this.#storage.appended(done);
        expired.abort();
        await timer;
      },
      close: () => {},
    };
  }

  #committedPast(spec: TopicSpec, partition: number): number {
    const offsets = (spec.protectedGroups ?? []).map(
      (group) => this.#coordinator.committed(group, spec.name, partition)?.offset ?? 0,
    );
    return Math.min(Number.POSITIVE_INFINITY, ...offsets);
  }

  #topic(name: string): MemoryTopic {
    this.#checkOpen();
    const topic = this.#storage.topics.get(name);
    if (topic === undefined) throw new WeirError('LOG_UNKNOWN_TOPIC', `there is no topic "${name}"`);
    return topic;
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new WeirError('LOG_CLOSED', 'the memory log was closed');
  }
}

const ONE_RECORD = { maxRecords: 1, maxBytes: 1 } as const;
