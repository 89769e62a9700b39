import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, WeirError } from '@weir/kernel';
import type { PartitionBounds } from '../../../consumer/partition-source.ts';
import type { LogRecord, Position, TopicDescription, TopicSpec } from '../../../event-log.ts';
import { frameBytesAtMost } from '../../../record-codec.ts';
import { checkRecordSize, recordBytes } from '../../../topic-rules.ts';
import { replaceFile } from '../shared/durable-file.ts';
import { isMissing } from '../shared/file-errors.ts';
import { BatchEncoder, type BatchPart } from './append-batch.ts';
import { SegmentFiles } from './segment-files.ts';
import { segmentAt } from './segment-tables.ts';
import { recoverTopic } from './topic-recovery.ts';
import { PARTITION, type SealedSegment, TOPIC, type TopicState } from './topic-state.ts';
import { type TopicChange, TopicStorage } from './topic-storage.ts';

const PRESSURE_AGE_MS = 20;
const SEGMENT_BYTES = { min: 16 * 1024, max: 32 * 1024 * 1024, compact: 256 * 1024 } as const;

export interface TopicStoreOptions {
  /** The topic's own directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly maxRecordBytes: number;
  /** Called after each append of this process. */
  readonly onAppended: () => void;
  /** Tries to make room when the topic is full; the append is tried once more after it. */
  readonly makeRoom: (topic: TopicStore) => void;
}

/** Where to read: a segment, and how much of it is there. */
export interface ReadableSegment extends SealedSegment {
  /** Whether it is complete. */
  readonly sealed: boolean;
}

/** One topic: the shared state that orders its writers, and the segment files that hold its records. */
export class TopicStore {
  readonly name: string;
  readonly files: SegmentFiles;
  readonly storage: TopicStorage;
  readonly #options: TopicStoreOptions;
  readonly #encoder = new BatchEncoder();
  #spec: TopicSpec;
  #spread: number;
  /** As last seen; partitions may be added by another process at any time. */
  #partitions: number;
  #pressure = { value: 0, readAt: Number.NEGATIVE_INFINITY };

  private constructor(spec: TopicSpec, options: TopicStoreOptions) {
    this.name = spec.name;
    this.#spec = spec;
    this.#options = options;
    this.#spread = Math.trunc(options.clock.now()) >>> 0;
    this.files = new SegmentFiles(options.directory);
    this.storage = new TopicStorage(options.directory, (change) =>
      recoverTopic(change, this.files, spec, segmentBytes(spec)),
    );
    this.#partitions = this.load().partitions;
  }

  /** Opens a topic that some process created; undefined when there is none. */
  static open(options: TopicStoreOptions): TopicStore | undefined {
    const spec = readSpec(options.directory);
    return spec === undefined ? undefined : new TopicStore(spec, options);
  }

  /** Opens the topic, creating it or taking over the limits and the added partitions of `spec`. */
  static ensure(spec: TopicSpec, options: TopicStoreOptions): TopicStore {
    const store = new TopicStore(readSpec(options.directory) ?? spec, options);
    store.adopt(spec);
    return store;
  }

  get spec(): TopicSpec {
    return this.#spec;
  }

  /** Takes over the limits of `spec`, and its partitions when there are more of them. */
  adopt(spec: TopicSpec): void {
    this.storage.transact(({ state }) => {
      const merged = { ...spec, partitions: Math.max(spec.partitions, state.partitions) };
      if (JSON.stringify(readSpec(this.files.directory)) !== JSON.stringify(merged)) {
        replaceFile(join(this.files.directory, 'spec.json'), JSON.stringify(merged));
      }
      this.#spec = merged;
      state.grow(merged.partitions);
      state.set(TOPIC.maxBytes, merged.maxBytes ?? 0);
      state.set(TOPIC.segmentBytes, segmentBytes(merged));
      state.touch();
    });
    this.#partitions = this.load().partitions;
  }

  /** Reads the limits again, which another process may have changed. */
  reloadSpec(): TopicSpec {
    this.#spec = readSpec(this.files.directory) ?? this.#spec;
    return this.#spec;
  }

  appendSync(records: readonly LogRecord[]): readonly Position[] {
    const limit = this.#options.maxRecordBytes;
    for (const record of records) {
      // The exact size costs more, and is needed near the limit only.
      if (frameBytesAtMost(record) > limit) checkRecordSize(this.name, recordBytes(record), limit);
    }
    if (records.length === 0) return [];
    this.#spread = (this.#spread + 1) >>> 0;
    let positions = this.#tryAppend(records);
    // Another process added partitions since; the second encoding knows of them.
    while (positions === undefined) positions = this.#tryAppend(records);
    this.#options.onAppended();
    return positions;
  }

  /** Share of `maxBytes` in use, at most 20 ms old. */
  pressure(): number {
    const now = this.#options.clock.monotonic();
    if (now - this.#pressure.readAt > PRESSURE_AGE_MS) this.#notePressure(this.load(), now);
    return this.#pressure.value;
  }

  bounds(partition: number): PartitionBounds {
    const state = this.load();
    if (partition >= state.partitions) {
      throw new WeirError('LOG_INVALID_PARTITION', `${this.name} has no partition ${partition}`);
    }
    return { startOffset: state.of(partition, PARTITION.start), endOffset: state.of(partition, PARTITION.next) };
  }

  /** The newest counters; valid until the next call on this store. */
  load(): TopicState {
    return this.storage.loadState();
  }

  /** The segment that holds `offset` or the first one after it. */
  segmentAt(partition: number, offset: number): ReadableSegment {
    const { state, tables } = this.storage.view();
    const active = state.active(partition);
    const sealed = offset < active.base ? segmentAt(tables[partition] ?? [], offset) : undefined;
    return sealed === undefined ? { ...active, sealed: false } : { ...sealed, sealed: true };
  }

  /** The same segment as it is now; undefined when retention or compaction replaced it. */
  refresh(partition: number, segment: ReadableSegment): ReadableSegment | undefined {
    const active = this.load().active(partition);
    if (active.base === segment.base) return { ...active, sealed: false };
    const now = this.segmentAt(partition, segment.base);
    return now.base === segment.base && now.revision === segment.revision ? now : undefined;
  }

  describe(): TopicDescription {
    const state = this.load();
    const maxBytes = state.get(TOPIC.maxBytes);
    return {
      name: this.name,
      partitions: state.partitions,
      records: state.get(TOPIC.records),
      bytes: state.get(TOPIC.bytes),
      maxBytes: maxBytes === 0 ? null : maxBytes,
    };
  }

  close(): void {
    this.files.close();
    this.storage.close();
  }

  /** Undefined when the topic has other partitions than this process knew of. */
  #tryAppend(records: readonly LogRecord[]): readonly Position[] | undefined {
    const partitions = this.#partitions;
    const parts = this.#encoder.encode(records, partitions, this.#spread, this.#options.clock.now());
    const positions: Position[] = new Array(records.length);
    let outcome = this.#write(parts, partitions, positions);
    if (outcome === 'full') {
      this.#options.makeRoom(this);
      outcome = this.#write(parts, partitions, positions);
    }
    if (outcome === 'full') throw fullError(this.name, this.load(), parts.at(-1)?.end ?? 0);
    return outcome === 'written' ? positions : undefined;
  }

  #write(parts: readonly BatchPart[], partitions: number, positions: Position[]): 'written' | 'outdated' | 'full' {
    return this.storage.transact((change) => {
      const { state } = change;
      this.#partitions = state.partitions;
      if (state.partitions !== partitions) return 'outdated';
      if (isFull(state, parts.at(-1)?.end ?? 0)) return 'full';
      for (const part of parts) this.#writePart(change, part, positions);
      state.touch();
      this.#notePressure(state, this.#options.clock.monotonic());
      return 'written';
    });
  }

  #writePart(change: TopicChange, part: BatchPart, positions: Position[]): void {
    const { partition, start, end, frames } = part;
    const { state } = change;
    const bytes = end - start;
    const used = state.of(partition, PARTITION.activeBytes);
    if (used > 0 && used + bytes > state.get(TOPIC.segmentBytes)) change.roll(partition);
    const next = state.of(partition, PARTITION.next) + state.of(partition, PARTITION.gap);
    state.setOf(partition, PARTITION.gap, 0);
    state.setOf(partition, PARTITION.next, this.#encoder.seal(part, next, positions));
    const at = state.of(partition, PARTITION.activeBytes);
    const base = state.of(partition, PARTITION.activeBase);
    this.files.write(partition, base, this.#encoder.buffer, start, end, at);
    state.setOf(partition, PARTITION.activeBytes, at + bytes);
    state.setOf(partition, PARTITION.activeRecords, state.of(partition, PARTITION.activeRecords) + frames.length);
    const newest = Math.max(state.of(partition, PARTITION.activeMaxTimestamp), part.maxTimestampMs);
    state.setOf(partition, PARTITION.activeMaxTimestamp, newest);
    state.count(bytes, frames.length);
  }

  #notePressure(state: TopicState, now: number): void {
    const limit = state.get(TOPIC.maxBytes);
    this.#pressure = { value: limit === 0 ? 0 : state.get(TOPIC.bytes) / limit, readAt: now };
  }
}

function isFull(state: TopicState, bytes: number): boolean {
  const limit = state.get(TOPIC.maxBytes);
  return limit > 0 && state.get(TOPIC.bytes) + bytes > limit;
}

function fullError(topic: string, state: TopicState, bytes: number): WeirError {
  const used = state.get(TOPIC.bytes);
  const limit = state.get(TOPIC.maxBytes);
  return new WeirError('LOG_FULL', `${topic} holds ${used} of ${limit} bytes; ${bytes} more do not fit`, {
    retriable: true,
    fix: 'Retry later; check the lag of the groups that protect the topic, or raise its maxBytes.',
    details: { topic, used, limit },
  });
}

/** Small enough that retention frees the log in steps of an eighth of its limit, and that compaction gets to it. */
function segmentBytes(spec: TopicSpec): number {
  const limit = Math.min(spec.maxBytes ?? Number.POSITIVE_INFINITY, spec.retentionBytes ?? Number.POSITIVE_INFINITY);
  const most = spec.compact === true ? SEGMENT_BYTES.compact : SEGMENT_BYTES.max;
  return Math.max(SEGMENT_BYTES.min, Math.min(most, Math.floor(limit / (8 * spec.partitions))));
}

function readSpec(directory: string): TopicSpec | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'spec.json'), 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new WeirError('LOG_OPEN_FAILED', `${directory}/spec.json cannot be read`, { cause: error });
  }
}
