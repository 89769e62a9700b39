import type { StoredRecord } from '../../../event-log.ts';
import { Decoder, decodeRecordBatch, type WireDecoder, type WireRecord, withoutAborted } from './kafkajs-internals.ts';

/** What a fetch brought of one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** One past the newest record that may be read. */
  readonly endOffset: number;
  readonly records: readonly StoredRecord[];
  /** Where to fetch on; null when no whole batch came. */
  readonly nextOffset: number | null;
  /** Why its batches could not be read; other partitions are not affected. */
  readonly failure: unknown;
}

const BATCH_HEADER_BYTES = 61;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Decodes a Fetch answer (version 11). kafkajs's own decoder forgets where batches end: behind records that were
 * compacted away or belong to an aborted transaction a reader would fetch the same empty range for ever.
 */
export async function decodeFetchResponse(
  payload: Buffer,
): Promise<{ readonly clientSideThrottleTime: number; readonly partitions: readonly FetchedPartition[] }> {
  const decoder = new Decoder(payload);
  const clientSideThrottleTime = decoder.readInt32();
  // The error of the session, which is not used, and its id.
  decoder.readInt16();
  decoder.readInt32();
  const partitions: FetchedPartition[] = [];
  for (let topics = decoder.readInt32(); topics > 0; topics -= 1) {
    const topic = decoder.readString();
    for (let left = decoder.readInt32(); left > 0; left -= 1) partitions.push(await decodePartition(decoder, topic));
  }
  return { clientSideThrottleTime, partitions };
}

async function decodePartition(decoder: WireDecoder, topic: string): Promise<FetchedPartition> {
  const partition = decoder.readInt32();
  const errorCode = decoder.readInt16();
  decoder.readInt64();
  const endOffset = readNumber(decoder);
  decoder.readInt64();
  const abortedTransactions = decoder.readArray((each) => ({
    producerId: each.readInt64().toString(),
    firstOffset: each.readInt64().toString(),
  }));
  // The replica that the broker would prefer: only asked for with a rack.
  decoder.readInt32();
  const bytes = decoder.readInt32();
  const batches = bytes > 0 ? decoder.readBytes(bytes) : undefined;
  const head = { topic, partition, errorCode, endOffset };
  if (batches === undefined) return { ...head, records: [], nextOffset: null, failure: undefined };
  try {
    const { records, nextOffset } = await decodeBatches(batches);
    const visible = withoutAborted({ messages: records, abortedTransactions });
    const stored = visible.filter((each) => !each.isControlRecord).map((each) => toStored(topic, partition, each));
    return { ...head, records: stored, nextOffset, failure: undefined };
  } catch (failure) {
    return { ...head, records: [], nextOffset: null, failure };
  }
}

async function decodeBatches(bytes: Buffer): Promise<{ records: WireRecord[]; nextOffset: number | null }> {
  const decoder = new Decoder(bytes);
  const records: WireRecord[] = [];
  let nextOffset: number | null = null;
  while (decoder.canReadBytes(BATCH_HEADER_BYTES)) {
    let batch: Awaited<ReturnType<typeof decodeRecordBatch>>;
    try {
      batch = await decodeRecordBatch(decoder);
    } catch (error) {
      // A fetch ends at its byte limit, in the middle of a batch.
      if (error instanceof Error && error.name === 'KafkaJSPartialMessageError') break;
      throw error;
    }
    for (const record of batch.records) records.push(record);
    nextOffset = Number(batch.firstOffset) + batch.lastOffsetDelta + 1;
  }
  return { records, nextOffset };
}

function toStored(topic: string, partition: number, record: WireRecord): StoredRecord {
  return {
    topic,
    partition,
    offset: Number(record.offset),
    key: record.key === null ? null : record.key.toString('utf8'),
    // A tombstone has no value at all; the port knows no such thing.
    value: record.value ?? Buffer.alloc(0),
    headers: headersOf(record),
    timestampMs: Number(record.timestamp),
  };
}

function headersOf({ headers }: WireRecord): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const result: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    // Kafka allows a name twice; the last one counts.
    const last = Array.isArray(value) ? value.at(-1) : value;
    result[name] = last == null ? '' : last.toString();
  }
  return result;
}

function readNumber(decoder: WireDecoder): number {
  return Number(decoder.readInt64().toString());
}
