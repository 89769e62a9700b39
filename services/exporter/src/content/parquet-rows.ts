/**
 * Rows of a Parquet file by its own footer: `…footer, length (4 bytes, little-endian), "PAR1"`. The footer is a
 * FileMetaData struct in Thrift's compact protocol; its field 3 is num_rows (parquet-format, parquet.thrift).
 */
export function parquetRows(tail: Uint8Array): number | undefined {
  const buffer = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  if (buffer.length < 12 || buffer.toString('latin1', buffer.length - 4) !== 'PAR1') return undefined;
  const length = buffer.readUInt32LE(buffer.length - 8);
  const start = buffer.length - 8 - length;
  if (start < 0) return undefined;
  try {
    return numRows(new CompactReader(buffer.subarray(start, buffer.length - 8)));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const NUM_ROWS_FIELD = 3;
const THRIFT = {
  STOP: 0,
  TRUE: 1,
  FALSE: 2,
  BYTE: 3,
  I16: 4,
  I32: 5,
  I64: 6,
  DOUBLE: 7,
  BINARY: 8,
  LIST: 9,
  SET: 10,
  MAP: 11,
  STRUCT: 12,
};
const MAX_DEPTH = 16;

function numRows(reader: CompactReader): number | undefined {
  for (let field = reader.field(0); field.type !== THRIFT.STOP; field = reader.field(field.id)) {
    if (field.id === NUM_ROWS_FIELD && field.type === THRIFT.I64) return Number(reader.zigzag());
    reader.skip(field.type, 0);
  }
  return undefined;
}

/** Reads past Thrift compact values. @throws RangeError at the end of the bytes or for what is not Thrift. */
class CompactReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  field(lastId: number): { readonly id: number; readonly type: number } {
    const header = this.#byte();
    const type = header & 0x0f;
    if (type === THRIFT.STOP) return { id: lastId, type };
    const delta = header >> 4;
    return { id: delta === 0 ? Number(this.zigzag()) : lastId + delta, type };
  }

  zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  skip(type: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
    if (type === THRIFT.TRUE || type === THRIFT.FALSE) return;
    if (type === THRIFT.BYTE) this.#advance(1);
    else if (type === THRIFT.I16 || type === THRIFT.I32 || type === THRIFT.I64) this.#varint();
    else if (type === THRIFT.DOUBLE) this.#advance(8);
    else if (type === THRIFT.BINARY) this.#advance(Number(this.#varint()));
    else if (type === THRIFT.LIST || type === THRIFT.SET) this.#skipList(depth);
    else if (type === THRIFT.MAP) this.#skipMap(depth);
    else if (type === THRIFT.STRUCT) this.#skipStruct(depth);
    else throw new RangeError(`no such type: ${type}`);
  }

  #skipStruct(depth: number): void {
    for (let field = this.field(0); field.type !== THRIFT.STOP; field = this.field(field.id)) {
      this.skip(field.type, depth + 1);
    }
  }

  #skipList(depth: number): void {
    const header = this.#byte();
    const size = header >> 4 === 15 ? Number(this.#varint()) : header >> 4;
    for (let index = 0; index < size; index += 1) this.#skipElement(header & 0x0f, depth);
  }

  #skipMap(depth: number): void {
    const size = Number(this.#varint());
    if (size === 0) return;
    const types = this.#byte();
    for (let index = 0; index < size; index += 1) {
      this.#skipElement(types >> 4, depth);
      this.#skipElement(types & 0x0f, depth);
    }
  }

  /** Inside collections a boolean takes a byte. */
  #skipElement(type: number, depth: number): void {
    if (type === THRIFT.TRUE || type === THRIFT.FALSE) this.#advance(1);
    else this.skip(type, depth + 1);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint is too long');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('the bytes end');
    this.#at += 1;
    return byte;
  }

  #advance(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new RangeError('the bytes end');
  }
}
