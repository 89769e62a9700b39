import { WeirError } from '@weir/kernel';
import type { LogRecord, TopicSpec } from './event-log.ts';
import { partitionForKey } from './partition-for-key.ts';

/** Bytes of one record (key, headers and value) that a log accepts unless it is opened with another limit. */
export const DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** Kafka's default `offset.metadata.max.bytes`. */
const MAX_COMMIT_METADATA_BYTES = 4096;

const MAX_GROUP_NAME_BYTES = 200;
const MAX_PARTITIONS = 1024;
const encoder = new TextEncoder();

/** Kafka's rule for the name of a topic. */
export function isTopicName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}

/** @throws WeirError `LOG_INVALID_TOPIC` when a field breaks Kafka's rules for a topic. */
export function checkTopicSpec(spec: TopicSpec): void {
  const reject = (reason: string): never => {
    throw new WeirError('LOG_INVALID_TOPIC', `topic "${spec.name}": ${reason}`);
  };
  if (!isTopicName(spec.name)) reject('the name must be 1 to 249 of A-Z a-z 0-9 . _ -');
  if (!Number.isInteger(spec.partitions) || spec.partitions < 1 || spec.partitions > MAX_PARTITIONS) {
    reject(`partitions must be 1 to ${MAX_PARTITIONS}`);
  }
  for (const field of ['retentionMs', 'retentionBytes', 'maxBytes'] as const) {
    const value = spec[field];
    if (value !== undefined && !(value > 0)) reject(`${field} must be positive`);
  }
}

/** @throws WeirError `LOG_INVALID_GROUP`. */
export function checkGroupName(group: string): void {
  if (group !== '' && encoder.encode(group).length <= MAX_GROUP_NAME_BYTES) return;
  throw new WeirError('LOG_INVALID_GROUP', `a group's name must have 1 to ${MAX_GROUP_NAME_BYTES} bytes: ${group}`);
}

/** @throws WeirError `LOG_METADATA_TOO_LARGE`. */
export function checkCommitMetadata(metadata: string): void {
  if (metadata.length * 3 <= MAX_COMMIT_METADATA_BYTES) return;
  const bytes = encoder.encode(metadata).length;
  if (bytes > MAX_COMMIT_METADATA_BYTES) {
    throw new WeirError('LOG_METADATA_TOO_LARGE', `commit metadata has ${bytes} bytes`);
  }
}

/**
 * The partition of a record: its own, its key's, or for a null key the one `spread` (any integer) points to.
 * @throws WeirError `LOG_INVALID_PARTITION`.
 */
export function partitionForRecord(record: LogRecord, partitions: number, spread: number): number {
  if (record.partition !== undefined) {
    if (!Number.isInteger(record.partition) || record.partition < 0 || record.partition >= partitions) {
      throw new WeirError('LOG_INVALID_PARTITION', `partition ${record.partition} of ${partitions}`);
    }
    return record.partition;
  }
  return record.key === null ? spread % partitions : partitionForKey(record.key, partitions);
}

/** What a topic's size is counted in: the key, the headers and the value, in bytes. */
export function recordBytes(record: LogRecord): number {
  let bytes = record.value.byteLength + (record.key === null ? 0 : Buffer.byteLength(record.key));
  if (record.headers !== undefined) {
    for (const [name, value] of Object.entries(record.headers)) {
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    }
  }
  return bytes;
}

/** @throws WeirError `LOG_RECORD_TOO_LARGE`. */
export function checkRecordSize(topic: string, bytes: number, limit: number): void {
  if (bytes > limit) {
    throw new WeirError('LOG_RECORD_TOO_LARGE', `a record of ${bytes} bytes for ${topic}; the limit is ${limit}`, {
      details: { topic, bytes, limit },
    });
  }
}
