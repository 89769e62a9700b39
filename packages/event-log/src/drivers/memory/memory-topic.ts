import { WeirError } from '@weir/kernel';
import type { PartitionBatch, PartitionBounds } from '../../consumer/partition-source.ts';
import type { LogRecord, Position, StoredRecord } from '../../event-log.ts';
import { partitionForRecord, recordBytes } from '../../topic-rules.ts';
import type { MemoryPartition, MemoryTopic } from './memory-storage.ts';

/** Below which offset every protected group has committed. */
type CommittedPast = (partition: number) => number;

/** Appends all or nothing. @throws WeirError `LOG_FULL`, `LOG_INVALID_PARTITION`. */
export function appendToTopic(
  topic: MemoryTopic,
  records: readonly LogRecord[],
  context: { readonly now: number; readonly spread: number; readonly committedPast: CommittedPast },
): Position[] {
  const { spec, partitions } = topic;
  const targets = records.map((record) => partitionForRecord(record, partitions.length, context.spread));
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
  const limit = spec.maxBytes ?? Number.POSITIVE_INFINITY;
  if (topicBytes(topic) + bytes > limit) retain(topic, context.now, context.committedPast);
  if (topicBytes(topic) + bytes > limit) {
    throw new WeirError('LOG_FULL', `${spec.name} holds ${topicBytes(topic)} of ${limit} bytes`, { retriable: true });
  }
  return records.map((record, index) => {
    const partition = targets[index] ?? 0;
    const into = partitionAt(topic, partition);
    const offset = into.nextOffset;
    into.records.push({
      topic: spec.name,
      partition,
      offset,
      key: record.key,
      value: Uint8Array.from(record.value),
      headers: { ...record.headers },
      timestampMs: record.timestampMs ?? context.now,
    });
    into.bytes += recordBytes(record);
    into.nextOffset += 1;
    return { partition, offset };
  });
}

export function readPartition(
  from: MemoryPartition,
  offset: number,
  limits: { readonly maxRecords: number; readonly maxBytes: number },
): PartitionBatch {
  const first = firstAtOrAfter(from.records, offset);
  const records: StoredRecord[] = [];
  let bytes = 0;
  for (let index = first; index < from.records.length && records.length < limits.maxRecords; index += 1) {
    const record = from.records[index];
    if (record === undefined) break;
    bytes += recordBytes(record);
    if (records.length > 0 && bytes > limits.maxBytes) break;
    records.push(record);
  }
  const last = records.at(-1);
  return { records, nextOffset: last === undefined ? offset : last.offset + 1 };
}

export function boundsOf(partition: MemoryPartition): PartitionBounds {
  return { startOffset: partition.records[0]?.offset ?? partition.nextOffset, endOffset: partition.nextOffset };
}

export function topicBytes(topic: MemoryTopic): number {
  return topic.partitions.reduce((sum, partition) => sum + partition.bytes, 0);
}

/** Removes what the limits of age and size allow, then superseded records of a compact topic; committed ones only. */
export function retain(topic: MemoryTopic, now: number, committedPast: CommittedPast): void {
  const { retentionMs = Number.POSITIVE_INFINITY, retentionBytes = Number.POSITIVE_INFINITY } = topic.spec;
  topic.partitions.forEach((partition, index) => {
    const past = committedPast(index);
    let removed = 0;
    for (const record of partition.records) {
      const removable = record.timestampMs < now - retentionMs || topicBytes(topic) > retentionBytes;
      if (!removable || record.offset >= past) break;
      partition.bytes -= recordBytes(record);
      removed += 1;
    }
    partition.records.splice(0, removed);
    if (topic.spec.compact === true) compact(partition, past);
  });
}

/** The partition with this number. @throws WeirError `LOG_INVALID_PARTITION`. */
export function partitionAt(topic: MemoryTopic, partition: number): MemoryPartition {
  const found = topic.partitions[partition];
  if (found === undefined) throw new WeirError('LOG_INVALID_PARTITION', `${topic.spec.name} has no ${partition}`);
  return found;
}

function compact(partition: MemoryPartition, past: number): void {
  if (partition.records.length < 2 * partition.compactedRecords) return;
  const newest = new Map(partition.records.map((record) => [record.key, record.offset]));
  partition.records = partition.records.filter(
    (record) => record.key === null || record.offset >= past || newest.get(record.key) === record.offset,
  );
  partition.bytes = partition.records.reduce((sum, record) => sum + recordBytes(record), 0);
  partition.compactedRecords = partition.records.length;
}

function firstAtOrAfter(records: readonly StoredRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
