/**
 * The event log: an ordered, partitioned, durable list of records per topic, shaped on Kafka's semantics so that the
 * embedded driver and Kafka are the same thing to every service (reference: warehouse.md §2.3, §2.4).
 *
 * Guarantees every driver gives, proved by the contract suite in `testing/`:
 *  L1  `append` resolves only when the records survive `kill -9` of this process.
 *  L2  Records with one key stay in one partition and keep their order; offsets of a partition rise, gaps are allowed.
 *  L3  In a group each partition has one live assignment; after it is revoked, its `commit` fails with `LOG_FENCED`.
 *  L4  A new assignment starts at the committed offset and sees its metadata; nothing uncommitted is skipped.
 *  L5  Reading is pulled: a reader that does not call `read` makes the driver stop fetching, never buffer without bound.
 *  L6  Retention never removes a record that a protected group has not committed past; a log at its byte limit
 *      refuses to append (`LOG_FULL`) instead of losing anything.
 *
 * A Kafka broker gives L1 as the acknowledgement of all in-sync replicas. It knows nothing of L6: it removes by
 * `retentionMs` and `retentionBytes` whether a group has read or not, so they must outlast the longest outage of a
 * reader, and `maxBytes` is not enforced there; `LOG_FULL` says that this process holds too much unsent.
 */
export interface EventLog {
  /**
   * Creates topics that do not exist. Of an existing topic, partitions may grow and never shrink, and its limits
   * become those of the newest spec where the driver keeps them itself. Idempotent.
   * @throws WeirError `LOG_INVALID_TOPIC`.
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /**
   * Appends in order; resolves when durable (L1) with one position per record, and each record stored once, however
   * often the driver had to send it. A batch that is refused with one of the codes below stored nothing; after any
   * other failure some of it may be stored. On Kafka the answer can get lost on its way: `LOG_UNCONFIRMED` says that
   * some of the records may be stored, so that the caller can mark what it appends again.
   * @throws WeirError `LOG_FULL`, `LOG_DISK_FULL` and `LOG_UNAVAILABLE` (retriable), `LOG_UNKNOWN_TOPIC`,
   * `LOG_INVALID_PARTITION`, `LOG_RECORD_TOO_LARGE`, `LOG_REFUSED`, `LOG_ACCESS_DENIED`, `LOG_AUTH_FAILED`, `LOG_CLOSED`;
   * `LOG_UNCONFIRMED` (retriable).
   */
  append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]>;
  /** Joins a group; calls `onAssigned` once for each partition this member gets. @throws WeirError `LOG_UNKNOWN_TOPIC`. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Reads without a group (for `weir tail`, tests, tools): nothing is committed. Ends when `signal` aborts. */
  tail(topic: string, options: TailOptions): AsyncIterable<StoredRecord>;
  /** Committed offset, end offset and the difference, for every partition of the topic. */
  lag(group: string, topic: string): Promise<readonly PartitionLag[]>;
  /** Size of each topic, for metrics and `doctor`. */
  describe(): Promise<readonly TopicDescription[]>;
  /** Finishes what was accepted, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/** What an ingress needs: an append that is durable when the call returns, in microseconds, awaiting nothing (I1). */
export interface SyncAppender {
  /** As `append`, on the caller's stack. @throws as `append`. */
  appendSync(topic: string, records: readonly LogRecord[]): readonly Position[];
  /** Share of the topic's byte limit in use, 0 to 1 (above 1 when a reserve is used); cheap enough for each request. */
  pressure(topic: string): number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Committed records older than this may be removed; undefined keeps them until `retentionBytes`. */
  readonly retentionMs?: number;
  /** Committed records beyond this many bytes may be removed, oldest first. */
  readonly retentionBytes?: number;
  /** Appends beyond this many bytes are refused with `LOG_FULL`. */
  readonly maxBytes?: number;
  /** Keep at least the newest record of each key (Kafka's `cleanup.policy=compact`). */
  readonly compact?: boolean;
  /** Groups whose uncommitted records retention must not remove (L6). */
  readonly protectedGroups?: readonly string[];
}

export interface LogRecord {
  /** Decides the partition (murmur2, as Kafka's default partitioner) and the order; null = any partition. */
  readonly key: string | null;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; the log's clock when absent. */
  readonly timestampMs?: number;
  /** Overrides the partition that the key gives. */
  readonly partition?: number;
}

export interface Position {
  readonly partition: number;
  /** Below 2^53. */
  readonly offset: number;
}

export interface StoredRecord extends Position {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

export interface SubscribeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * Where a group without a committed offset starts. Default `earliest`. With `latest` the driver commits the end
   * offset when it first assigns the partition, so that a crash before the handler's first commit skips nothing (L4).
   */
  readonly from?: 'earliest' | 'latest';
  /**
   * Runs for the life of the assignment: read, work, commit, until `assignment.signal` aborts, then return promptly.
   * When it throws or returns earlier, the assignment is given up and made again from the committed offset after a
   * back-off, under a new generation; an error goes to `onError`.
   */
  onAssigned(assignment: Assignment): Promise<void>;
  onError?(error: unknown, assignment: { readonly topic: string; readonly partition: number }): void;
}

export interface Subscription {
  /** Aborts every assignment, waits for the handlers to return, leaves the group. Idempotent. */
  stop(): Promise<void>;
}

/** One partition, held by one member of a group, until `signal` aborts. */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  /**
   * Rises with each (re)assignment of this partition in this group; the fence of L3. Kafka forgets a group that has
   * neither members nor offsets, and counts from 1 again.
   */
  readonly generation: number;
  /** Aborts on revocation, stop or close: discard what is not committed and return. */
  readonly signal: AbortSignal;
  /** What the group had committed when the assignment began, or null. */
  readonly committed: CommittedOffset | null;
  /**
   * The next records after the position, at least one when any is there; `[]` after `waitMs` without any.
   * Moves the position, commits nothing. One read at a time.
   * @throws WeirError `LOG_CORRUPT` when stored bytes do not match their checksum.
   */
  read(limits: ReadLimits): Promise<readonly StoredRecord[]>;
  /** Moves the position: the next `read` starts at `offset`. */
  seek(offset: number): void;
  /**
   * Stores `offset` (the next one to be read after a restart) and `metadata` (at most 4,096 bytes) durably.
   * @throws WeirError `LOG_FENCED` when the assignment is no longer this member's: discard and return;
   * `LOG_METADATA_TOO_LARGE`.
   */
  commit(offset: number, metadata?: string): Promise<void>;
  /** While paused, `read` returns `[]` after `waitMs` and the driver fetches nothing. */
  pause(): void;
  resume(): void;
  /** The offset the next appended record will get, as last seen; for lag. */
  endOffset(): Promise<number>;
}

export interface ReadLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** How long to wait for a first record, ms; 0 = do not wait: on Kafka that gives what has been fetched already. */
  readonly waitMs: number;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

export interface TailOptions {
  readonly from: 'earliest' | 'latest';
  readonly signal: AbortSignal;
}

export interface PartitionLag {
  readonly partition: number;
  readonly committed: number | null;
  readonly startOffset: number;
  readonly endOffset: number;
  /** endOffset - (committed ?? startOffset). */
  readonly lag: number;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
  /** Offsets between the oldest and the newest record; on Kafka gaps are counted as well. */
  readonly records: number;
  /** Null where the driver cannot tell (Kafka). */
  readonly bytes: number | null;
  readonly maxBytes: number | null;
}
