import type { AvroRows } from '../warehouse.ts';

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 0x01]);
/** Separates blocks; any 16 bytes do, and fixed ones make a retry byte for byte the same file. */
const SYNC = Buffer.from('weir-ocf-sync-01', 'latin1');
const MAX_VARINT = 10;

interface RecordSchema {
  readonly fields: readonly object[];
}

/**
 * Wraps raw Avro bodies as one Avro Object Container File with one block, adding two fields to every record:
 * `kafka_partition` and `kafka_offset`, each a zigzag long behind the body. Nothing is decoded, and the same input
 * gives the same bytes. Format: Avro 1.12 specification, "Object Container Files".
 */
export function encodeObjectContainer(rows: AvroRows): Buffer {
  const header = encodeHeader(rows.schema as RecordSchema);
  const partition = encodeLong(rows.partition);
  let blockBytes = 0;
  for (const body of rows.bodies) blockBytes += body.length + partition.length;
  for (const offset of rows.offsets) blockBytes += longSize(offset);
  const prefix = Buffer.concat([encodeLong(rows.bodies.length), encodeLong(blockBytes)]);
  const file = Buffer.allocUnsafe(header.length + prefix.length + blockBytes + SYNC.length);
  header.copy(file, 0);
  prefix.copy(file, header.length);
  let at = header.length + prefix.length;
  let index = 0;
  for (const body of rows.bodies) {
    file.set(body, at);
    at += body.length;
    file.set(partition, at);
    at = writeLong(rows.offsets[index++] ?? 0, file, at + partition.length);
  }
  SYNC.copy(file, at);
  return file;
}

function encodeHeader(schema: RecordSchema): Buffer {
  const extended = {
    ...schema,
    fields: [...schema.fields, { name: 'kafka_partition', type: 'long' }, { name: 'kafka_offset', type: 'long' }],
  };
  return Buffer.concat([
    MAGIC,
    encodeLong(2),
    encodeBytes(Buffer.from('avro.schema')),
    encodeBytes(Buffer.from(JSON.stringify(extended))),
    encodeBytes(Buffer.from('avro.codec')),
    encodeBytes(Buffer.from('null')),
    encodeLong(0),
    SYNC,
  ]);
}

function encodeBytes(bytes: Buffer): Buffer {
  return Buffer.concat([encodeLong(bytes.length), bytes]);
}

function encodeLong(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(MAX_VARINT);
  return bytes.subarray(0, writeLong(value, bytes, 0));
}

/** Zigzag of a non-negative whole number below 2^53 is twice the number; division keeps it exact beyond 32 bits. */
function writeLong(value: number, target: Buffer, start: number): number {
  let low = (value % 64) * 2;
  let rest = Math.floor(value / 64);
  let at = start;
  while (rest > 0) {
    target[at++] = low | 0x80;
    low = rest % 128;
    rest = Math.floor(rest / 128);
  }
  target[at++] = low;
  return at;
}

function longSize(value: number): number {
  let size = 1;
  for (let rest = Math.floor(value / 64); rest > 0; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
