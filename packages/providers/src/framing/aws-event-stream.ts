import { type PieceEnds, type StreamEvent, WHOLE } from './stream-event.ts';
import { decodeBase64Text, decodeUtf8 } from './text.ts';

const PRELUDE_BYTES = 12;
const FRAME_OVERHEAD = 16;
// The protocol limits a message to 24 MiB and its headers to 128 KiB.
const MAX_FRAME_BYTES = 24 * 1024 * 1024;
const MAX_HEADER_BYTES = 128 * 1024;

/** Bytes that follow the type byte of a header value; types 6 and 7 carry a length of their own. */
const FIXED_VALUE_BYTES: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];

/**
 * Splits application/vnd.amazon.eventstream into events named by `:event-type` or `:exception-type`. The inner
 * `{"bytes": base64}` of InvokeModelWithResponseStream is unwrapped. After a gap the next frame is found by the CRC of
 * its prelude; a frame that does not end is left out. Never throws.
 */
export function parseAwsEventStream(bytes: Uint8Array, ends: PieceEnds = WHOLE): StreamEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: StreamEvent[] = [];
  let position = ends.cutStart ? nextFrame(view, 0) : 0;
  while (position + FRAME_OVERHEAD <= view.byteLength) {
    if (!isFrame(view, position)) {
      position = nextFrame(view, position + 1);
      continue;
    }
    const total = view.getUint32(position);
    if (position + total > view.byteLength) break;
    const headersEnd = position + PRELUDE_BYTES + view.getUint32(position + 4);
    const name = eventName(view, position + PRELUDE_BYTES, headersEnd);
    const payload = decodeUtf8(bytes.subarray(headersEnd, position + total - 4));
    events.push({ name, data: unwrap(payload) });
    position += total;
  }
  return events;
}

function nextFrame(view: DataView, from: number): number {
  for (let at = from; at + FRAME_OVERHEAD <= view.byteLength; at += 1) if (isFrame(view, at)) return at;
  return view.byteLength;
}

function isFrame(view: DataView, at: number): boolean {
  const total = view.getUint32(at);
  const headers = view.getUint32(at + 4);
  if (total < FRAME_OVERHEAD || total > MAX_FRAME_BYTES) return false;
  if (headers > MAX_HEADER_BYTES || headers > total - FRAME_OVERHEAD) return false;
  return view.getUint32(at + 8) === crc32(view, at, 8);
}

function eventName(view: DataView, start: number, end: number): string {
  let name = '';
  let position = start;
  while (position < end) {
    const nameEnd = position + 1 + view.getUint8(position);
    if (nameEnd >= end) return name;
    const header = latin1(view, position + 1, nameEnd);
    const type = view.getUint8(nameEnd);
    const fixed = FIXED_VALUE_BYTES[type];
    if (fixed === undefined || (fixed < 0 && nameEnd + 3 > end)) return name;
    const valueStart = nameEnd + (fixed < 0 ? 3 : 1);
    const valueEnd = valueStart + (fixed < 0 ? view.getUint16(nameEnd + 1) : fixed);
    if (valueEnd > end) return name;
    if (header === ':event-type' || header === ':exception-type' || header === ':error-code') {
      name = latin1(view, valueStart, valueEnd);
    }
    position = valueEnd;
  }
  return name;
}

function latin1(view: DataView, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(view.getUint8(at));
  return text;
}

function unwrap(payload: string): string {
  const inner = /^\{\s*"bytes"\s*:\s*"([A-Za-z0-9+/=]*)"/.exec(payload)?.[1];
  return inner === undefined ? payload : (decodeBase64Text(inner) ?? payload);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (IEEE) of `length` bytes at `start`. */
function crc32(view: DataView, start: number, length: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < start + length; at += 1) {
    crc = (CRC_TABLE[(crc ^ view.getUint8(at)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
