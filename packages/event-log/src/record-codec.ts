import { crc32 } from 'node:zlib';
import { WeirError } from '@weir/kernel';
import type { LogRecord, StoredRecord } from './event-log.ts';

/*
 * A frame, little endian:
 *   u32 bodyBytes | u32 checksum | u64 offset | body
 *   body = f64 timestampMs | u8 flags | [u32 keyBytes, key] | [u16 headers, (u16 name, name, u32 value, value)*] | value
 * The checksum is CRC-32 of the body, mixed with the offset: the offset is only known inside the append's
 * transaction, and the expensive part has to be done before it.
 */
const FRAME_HEADER_BYTES = 16;
const BODY_HEADER_BYTES = 9;
const HAS_KEY = 1;
const HAS_HEADERS = 2;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** An upper bound of the frame's size, without encoding it. */
export function frameBytesAtMost(record: LogRecord): number {
  let bytes = FRAME_HEADER_BYTES + BODY_HEADER_BYTES + 6 + record.value.byteLength + (record.key?.length ?? 0) * 3;
  if (record.headers !== undefined) {
    for (const name in record.headers) bytes += 6 + (name.length + (record.headers[name]?.length ?? 0)) * 3;
  }
  return bytes;
}

/** Writes the frame at `at`, all but its offset, and returns where it ends. */
export function encodeFrame(target: Buffer, at: number, record: LogRecord, timestampMs: number): number {
  const bodyStart = at + FRAME_HEADER_BYTES;
  target.writeDoubleLE(timestampMs, bodyStart);
  let flags = 0;
  let position = bodyStart + BODY_HEADER_BYTES;
  if (record.key !== null) {
    flags |= HAS_KEY;
    const bytes = target.write(record.key, position + 4);
    target.writeUInt32LE(bytes, position);
    position += 4 + bytes;
  }
  if (record.headers !== undefined) {
    flags |= HAS_HEADERS;
    position = encodeHeaders(target, position, record.headers);
  }
  target[bodyStart + 8] = flags;
  target.set(record.value, position);
  position += record.value.byteLength;
  target.writeUInt32LE(position - bodyStart, at);
  target.writeUInt32LE(crc32(target.subarray(bodyStart, position)), at + 4);
  return position;
}

/** Gives the frame at `at` its offset; to be called once for each `encodeFrame`. */
export function sealFrame(target: Buffer, at: number, offset: number): void {
  target.writeUInt32LE(offset >>> 0, at + 8);
  target.writeUInt32LE((offset / 0x1_0000_0000) >>> 0, at + 12);
  target.writeUInt32LE((target.readUInt32LE(at + 4) ^ offsetMix(target, at)) >>> 0, at + 4);
}

/** The size of the frame at `at`; undefined when the buffer ends before the size is known. */
export function frameBytes(source: Buffer, at: number, end: number): number | undefined {
  return at + 4 > end ? undefined : FRAME_HEADER_BYTES + source.readUInt32LE(at);
}

export function frameOffset(source: Buffer, at: number): number {
  return source.readUInt32LE(at + 8) + source.readUInt32LE(at + 12) * 0x1_0000_0000;
}

export function frameTimestamp(source: Buffer, at: number): number {
  return source.readDoubleLE(at + FRAME_HEADER_BYTES);
}

/** True when the whole frame at `at` lies before `end` and matches its checksum. */
export function frameIsIntact(source: Buffer, at: number, end: number): boolean {
  const bytes = frameBytes(source, at, end);
  if (bytes === undefined || bytes < FRAME_HEADER_BYTES + BODY_HEADER_BYTES || at + bytes > end) return false;
  const expected = (source.readUInt32LE(at + 4) ^ offsetMix(source, at)) >>> 0;
  return crc32(source.subarray(at + FRAME_HEADER_BYTES, at + bytes)) === expected;
}

/**
 * Reads the frame at `at`; `value` is a view on `source`.
 * @throws WeirError `LOG_CORRUPT` when the checksum does not match.
 */
export function decodeFrame(
  source: Buffer,
  at: number,
  from: { readonly topic: string; readonly partition: number },
): StoredRecord {
  const end = at + FRAME_HEADER_BYTES + source.readUInt32LE(at);
  if (!frameIsIntact(source, at, end)) {
    throw new WeirError('LOG_CORRUPT', `${from.topic}/${from.partition}: a record does not match its checksum`);
  }
  const flags = source[at + FRAME_HEADER_BYTES + 8] ?? 0;
  let position = at + FRAME_HEADER_BYTES + BODY_HEADER_BYTES;
  let key: string | null = null;
  if ((flags & HAS_KEY) !== 0) {
    const keyEnd = position + 4 + source.readUInt32LE(position);
    key = source.toString('utf8', position + 4, keyEnd);
    position = keyEnd;
  }
  let headers = NO_HEADERS;
  if ((flags & HAS_HEADERS) !== 0) [headers, position] = decodeHeaders(source, position);
  return {
    topic: from.topic,
    partition: from.partition,
    offset: frameOffset(source, at),
    key,
    value: source.subarray(position, end),
    headers,
    timestampMs: frameTimestamp(source, at),
  };
}

function encodeHeaders(target: Buffer, at: number, headers: Readonly<Record<string, string>>): number {
  let count = 0;
  let position = at + 2;
  for (const name in headers) {
    const nameBytes = target.write(name, position + 2);
    target.writeUInt16LE(nameBytes, position);
    position += 2 + nameBytes;
    const valueBytes = target.write(headers[name] ?? '', position + 4);
    target.writeUInt32LE(valueBytes, position);
    position += 4 + valueBytes;
    count += 1;
  }
  target.writeUInt16LE(count, at);
  return position;
}

function decodeHeaders(source: Buffer, at: number): [Readonly<Record<string, string>>, number] {
  const headers: Record<string, string> = {};
  let position = at + 2;
  for (let left = source.readUInt16LE(at); left > 0; left -= 1) {
    const nameEnd = position + 2 + source.readUInt16LE(position);
    const name = source.toString('utf8', position + 2, nameEnd);
    const valueEnd = nameEnd + 4 + source.readUInt32LE(nameEnd);
    headers[name] = source.toString('utf8', nameEnd + 4, valueEnd);
    position = valueEnd;
  }
  return [headers, position];
}

function offsetMix(frame: Buffer, at: number): number {
  return Math.imul(frame.readUInt32LE(at + 8), 0x9e3779b1) ^ Math.imul(frame.readUInt32LE(at + 12), 0x85ebca6b);
}
