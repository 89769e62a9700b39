import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, systemClock, WeirError } from '@weir/kernel';
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
import { checkTopicSpec, DEFAULT_MAX_RECORD_BYTES, isTopicName } from '../../topic-rules.ts';
import { GroupStore } from './group/group-store.ts';
import { Housekeeping } from './housekeeping.ts';
import { SegmentReader } from './topic/segment-reader.ts';
import { TopicStore, type TopicStoreOptions } from './topic/topic-store.ts';
import { WakePoller } from './wake-poller.ts';

export interface EmbeddedLogOptions {
  /** On a local disk; several processes may open the same one. Created when absent. */
  readonly directory: string;
  /**
   * How often appended records and commits are synced to the disk, ms; default 1,000. `kill -9` loses nothing at any
   * setting. A power loss or a crash of the operating system loses at most what was appended and committed in about
   * this long (plus the time of one sync); what was synced stays whole, and the log opens without repair.
   */
  readonly fsyncIntervalMs?: number;
  /** How often retention and compaction run, ms; default 5,000. */
  readonly retentionIntervalMs?: number;
  /** How long a group member that went silent keeps its partitions, ms; default 5,000. Equal in all processes. */
  readonly leaseMs?: number;
  /** Default 16 MiB. */
  readonly maxRecordBytes?: number;
  readonly clock?: Clock;
  /** Failures of background work (syncing, retention, leases); it is tried again. Default: ignored. */
  readonly onError?: (error: unknown) => void;
}

export interface EmbeddedLog extends EventLog, SyncAppender {
  /** Syncs to the disk now: what was appended and committed before the call survives a power loss when it resolves. */
  flush(): Promise<void>;
  /** Runs retention and compaction now. */
  retain(): Promise<void>;
  /** Ends as a killed process does, for tests: nothing is synced, group members stay until their leases run out. */
  abandon(): void;
}

/**
 * Opens the log in a directory. Records are in segment files, one append-only sequence per partition; counters and
 * consumer groups are in small files that all processes share, each under a lock of LMDB's.
 * @throws WeirError `LOG_OPEN_FAILED`, `LOG_DISK_FULL`.
 */
export function openEmbeddedLog(options: EmbeddedLogOptions): EmbeddedLog {
  return new EmbeddedEventLog(options);
}

class EmbeddedEventLog implements EmbeddedLog {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #maxRecordBytes: number;
  readonly #topics = new Map<string, TopicStore>();
  readonly #groups: GroupStore;
  readonly #coordinator: GroupCoordinator;
  readonly #housekeeping: Housekeeping;
  readonly #wake = new WakePoller();
  readonly #members = new Set<GroupMember>();
  readonly #closing = new AbortController();
  readonly #onError: (error: unknown) => void;
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedLogOptions) {
    this.#directory = resolve(options.directory);
    this.#clock = options.clock ?? systemClock;
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    this.#onError = options.onError ?? (() => {});
    // Records may hold what people wrote to a model: for this user only.
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#groups = new GroupStore(join(this.#directory, 'groups'), this.#clock);
    this.#coordinator = new GroupCoordinator({
      storage: this.#groups,
      partitionsOf: (topic) => this.#find(topic)?.load().partitions ?? 0,
      leaseMs: options.leaseMs ?? 5_000,
      clock: this.#clock,
    });
    this.#housekeeping = new Housekeeping({
      topics: this.#topics,
      groups: this.#groups,
      clock: this.#clock,
      fsyncIntervalMs: options.fsyncIntervalMs ?? 1_000,
      retentionIntervalMs: options.retentionIntervalMs ?? 5_000,
      committedPast: (topic, partition) => this.#committedPast(topic, partition),
      onError: this.#onError,
    });
    this.#openExisting();
    this.#housekeeping.start();
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    for (const spec of specs) {
      checkTopicSpec(spec);
      const open = this.#topics.get(spec.name);
      if (open === undefined) this.#topics.set(spec.name, TopicStore.ensure(spec, this.#storeOptions(spec.name)));
      else open.adopt(spec);
    }
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]> {
    return this.appendSync(topic, records);
  }

  appendSync(topic: string, records: readonly LogRecord[]): readonly Position[] {
    return this.#topic(topic).appendSync(records);
  }

  pressure(topic: string): number {
    return this.#topic(topic).pressure();
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
    const store = this.#topic(topic);
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const source = (partition: number): PartitionSource => this.#source(topic, partition);
    return tailTopic({ partitions: () => store.load().partitions, source }, { ...options, signal });
  }

  async lag(group: string, topic: string): Promise<readonly PartitionLag[]> {
    const store = this.#topic(topic);
    return Array.from({ length: store.load().partitions }, (_, partition) => {
      const bounds = store.bounds(partition);
      const committed = this.#coordinator.committed(group, topic, partition)?.offset ?? null;
      return { partition, committed, ...bounds, lag: bounds.endOffset - (committed ?? bounds.startOffset) };
    });
  }

  async describe(): Promise<readonly TopicDescription[]> {
    this.#checkOpen();
    this.#openExisting();
    return [...this.#topics.values()].map((store) => store.describe());
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    await this.#housekeeping.flush();
  }

  async retain(): Promise<void> {
    this.#checkOpen();
    await this.#housekeeping.retain();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  abandon(): void {
    for (const member of this.#members) member.abandon();
    this.#closed = this.#housekeeping.stop().then(() => this.#release());
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#members].map((member) => member.stop()));
      await this.#housekeeping.stop();
      await this.#housekeeping.flush();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#closing.abort();
    this.#wake.close();
    for (const store of this.#topics.values()) store.close();
    this.#groups.close();
  }

  #source(topic: string, partition: number): PartitionSource {
    return new SegmentReader(this.#topic(topic), partition, this.#wake);
  }

  #committedPast(topic: string, partition: number): number {
    const groups = this.#topics.get(topic)?.spec.protectedGroups ?? [];
    const offsets = groups.map((group) => this.#coordinator.committed(group, topic, partition)?.offset ?? 0);
    return Math.min(Number.POSITIVE_INFINITY, ...offsets);
  }

  #topic(name: string): TopicStore {
    const store = this.#find(name);
    if (store === undefined) throw new WeirError('LOG_UNKNOWN_TOPIC', `there is no topic "${name}"`);
    return store;
  }

  /** Also a topic that another process created since. */
  #find(name: string): TopicStore | undefined {
    this.#checkOpen();
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    if (!isTopicName(name) || !existsSync(this.#topicDirectory(name))) return undefined;
    const store = TopicStore.open(this.#storeOptions(name));
    if (store !== undefined) this.#topics.set(name, store);
    return store;
  }

  #openExisting(): void {
    mkdirSync(join(this.#directory, 'topics'), { recursive: true });
    for (const name of readdirSync(join(this.#directory, 'topics'))) this.#find(name);
  }

  #storeOptions(name: string): TopicStoreOptions {
    return {
      directory: this.#topicDirectory(name),
      clock: this.#clock,
      maxRecordBytes: this.#maxRecordBytes,
      onAppended: () => this.#wake.notify(),
      makeRoom: (store) => this.#housekeeping.makeRoom(store),
    };
  }

  #topicDirectory(name: string): string {
    return join(this.#directory, 'topics', name);
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new WeirError('LOG_CLOSED', 'the embedded log was closed');
  }
}
