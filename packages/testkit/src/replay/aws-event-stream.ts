import { crc32 } from 'node:zlib';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING_TYPE = 7;

function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const nameBytes = Buffer.from(name);
      const valueBytes = Buffer.from(value);
      const head = Buffer.alloc(1 + nameBytes.length + 3);
      head.writeUInt8(nameBytes.length, 0);
      nameBytes.copy(head, 1);
      head.writeUInt8(STRING_TYPE, 1 + nameBytes.length);
      head.writeUInt16BE(valueBytes.length, 2 + nameBytes.length);
      return Buffer.concat([head, valueBytes]);
    }),
  );
}

/**
 * One frame of `application/vnd.amazon.eventstream`: total length, header length and the CRC-32 of both, headers
 * (string values only), payload, CRC-32 of all before it; all integers big-endian.
 */
export function encodeEventStreamFrame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const headerBytes = encodeHeaders(headers);
  const payloadBytes = Buffer.from(payload);
  const total = PRELUDE_BYTES + headerBytes.length + payloadBytes.length + CRC_BYTES;
  const frame = Buffer.alloc(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headerBytes.copy(frame, PRELUDE_BYTES);
  payloadBytes.copy(frame, PRELUDE_BYTES + headerBytes.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - CRC_BYTES)), total - CRC_BYTES);
  return frame;
}

/** A Bedrock event frame. */
export function bedrockEvent(type: string, payload: unknown): Uint8Array {
  return encodeEventStreamFrame(
    { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    JSON.stringify(payload),
  );
}

/** A Bedrock exception frame, which ends the stream. */
export function bedrockException(type: string, message: string): Uint8Array {
  return encodeEventStreamFrame(
    { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' },
    JSON.stringify({ message }),
  );
}
