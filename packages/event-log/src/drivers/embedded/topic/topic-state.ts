import type { SharedCell } from '../shared/shared-cell.ts';

const HEADER_FIELDS = 12;
const PARTITION_FIELDS = 8;

/** What a topic knows of itself, by position in the stored array. */
export const TOPIC = {
  partitions: 0,
  /** 0 = no limit. */
  maxBytes: 1,
  /** Rises with every change of what is stored; tells the flusher whether there is anything to sync. */
  version: 2,
  /** Stored bytes of all partitions. */
  bytes: 3,
  records: 4,
  segmentBytes: 5,
  /** Which file holds the tables of sealed segments. */
  tables: 6,
  /** The version that the last checkpoint covers. */
  flushedVersion: 7,
  /** Who does a job, and until when (wall clock, ms) nobody else begins it. */
  flushOwner: 8,
  flushUntil: 9,
  compactOwner: 10,
  compactUntil: 11,
} as const;

/** What it knows of each partition. */
export const PARTITION = {
  /** Nothing below this offset is kept. */
  start: 0,
  next: 1,
  /** Added to `next` before the next append: after a power loss no lost offset is given out again. */
  gap: 2,
  activeBase: 3,
  activeBytes: 4,
  activeRecords: 5,
  activeMaxTimestamp: 6,
} as const;

/** A segment that is never written again: records with offsets in [base, end). */
export interface SealedSegment {
  readonly base: number;
  readonly end: number;
  readonly bytes: number;
  readonly records: number;
  readonly maxTimestampMs: number;
  /** Counts the compactions; part of the file's name. */
  readonly revision: number;
}

/** The counters of a topic, one value of a shared cell: loaded, changed and stored under the topic's lock. */
export class TopicState {
  #values = new Float64Array(HEADER_FIELDS);
  #bytes = Buffer.from(this.#values.buffer);

  /** False when there is none yet. */
  load(cell: SharedCell): boolean {
    const stored = cell.read();
    if (stored === undefined) return false;
    if (stored.length !== this.#bytes.length) this.#resize(stored.length / 8);
    this.#bytes.set(stored);
    return true;
  }

  store(cell: SharedCell): void {
    cell.write(this.#bytes);
  }

  get partitions(): number {
    return this.get(TOPIC.partitions);
  }

  get(field: number): number {
    return this.#values[field] ?? 0;
  }

  set(field: number, value: number): void {
    this.#values[field] = value;
  }

  of(partition: number, field: number): number {
    return this.#values[HEADER_FIELDS + partition * PARTITION_FIELDS + field] ?? 0;
  }

  setOf(partition: number, field: number, value: number): void {
    this.#values[HEADER_FIELDS + partition * PARTITION_FIELDS + field] = value;
  }

  /** Notes that what is stored changed. */
  touch(): void {
    this.set(TOPIC.version, this.get(TOPIC.version) + 1);
  }

  /** Adds partitions, all empty; never removes any. */
  grow(partitions: number): void {
    if (partitions <= this.partitions) return;
    const before = this.#values;
    this.#resize(HEADER_FIELDS + partitions * PARTITION_FIELDS);
    this.#values.set(before);
    this.set(TOPIC.partitions, partitions);
  }

  /** The segment being written, as it would be sealed now. */
  active(partition: number): SealedSegment {
    return {
      base: this.of(partition, PARTITION.activeBase),
      end: this.of(partition, PARTITION.next),
      bytes: this.of(partition, PARTITION.activeBytes),
      records: this.of(partition, PARTITION.activeRecords),
      maxTimestampMs: this.of(partition, PARTITION.activeMaxTimestamp),
      revision: 0,
    };
  }

  /** Continues an active segment that has this much already. */
  setActive(partition: number, active: Omit<SealedSegment, 'end' | 'revision'>): void {
    this.setOf(partition, PARTITION.activeBase, active.base);
    this.setOf(partition, PARTITION.activeBytes, active.bytes);
    this.setOf(partition, PARTITION.activeRecords, active.records);
    this.setOf(partition, PARTITION.activeMaxTimestamp, active.maxTimestampMs);
  }

  /** Counts bytes and records in or out. */
  count(bytes: number, records: number): void {
    this.set(TOPIC.bytes, this.get(TOPIC.bytes) + bytes);
    this.set(TOPIC.records, this.get(TOPIC.records) + records);
  }

  #resize(fields: number): void {
    this.#values = new Float64Array(fields);
    this.#bytes = Buffer.from(this.#values.buffer);
  }
}
