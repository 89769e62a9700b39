/** Thrown for a value that the generated writer does not take; the general encoder then names the field. */
const unwritable = (): never => {
  throw new TypeError('not writable');
};

/** Buffer's own method, which its type leaves out: `write` without the look at encoding and bounds. */
type Utf8Buffer = Buffer & { utf8Write(text: string, offset: number, length: number): number };

const INITIAL_BYTES = 64 * 1024;
const VARINT_BYTES_MAX = 10;
/** Strings up to here take a length of one byte, and are cheaper to write byte by byte. */
const SHORT_CHARACTERS = 63;
/** Doubled, a number up to here is still a safe integer. */
const LONG_MAX = 2 ** 51;
const DECIMAL_MAX = 2n ** 63n - 1n;
const DECIMAL_MIN = -(2n ** 63n);

/**
 * Writes Avro binary values one after another into a buffer that is reused and grows, for the writers generated from
 * schemas/. Throws on anything but a well-formed value of the type: the general encoder takes it from there.
 */
export class AvroOutput {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES) as Utf8Buffer;
  #view: DataView = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  #position = 0;

  /** Starts a record with its header. */
  open(header: Buffer): void {
    header.copy(this.#bytes, 0);
    this.#position = header.length;
  }

  /** Ends the record; the view is valid until the next one starts. */
  close(): Buffer {
    return this.#bytes.subarray(0, this.#position);
  }

  boolean(value: boolean): void {
    if (typeof value !== 'boolean') unwritable();
    this.#reserve(1);
    this.#bytes[this.#position] = value ? 1 : 0;
    this.#position += 1;
  }

  int(value: number): void {
    if (value !== (value | 0)) unwritable();
    this.long(value);
  }

  long(value: number): void {
    if (typeof value !== 'number' || !Number.isInteger(value) || value > LONG_MAX || value < -LONG_MAX) unwritable();
    this.#reserve(VARINT_BYTES_MAX);
    let zigzag = value < 0 ? -value * 2 - 1 : value * 2;
    const bytes = this.#bytes;
    let position = this.#position;
    while (zigzag > 0x7fffffff) {
      bytes[position] = (zigzag % 0x80) | 0x80;
      position += 1;
      zigzag = Math.floor(zigzag / 0x80);
    }
    while (zigzag > 0x7f) {
      bytes[position] = (zigzag & 0x7f) | 0x80;
      position += 1;
      zigzag >>>= 7;
    }
    bytes[position] = zigzag;
    this.#position = position + 1;
  }

  double(value: number): void {
    if (typeof value !== 'number') unwritable();
    this.#reserve(8);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  string(value: string): void {
    if (typeof value !== 'string') unwritable();
    const { length } = value;
    if (length > SHORT_CHARACTERS) {
      this.#longString(value);
      return;
    }
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const start = this.#position + 1;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.#longString(value);
        return;
      }
      bytes[start + index] = code;
    }
    bytes[start - 1] = length * 2;
    this.#position = start + length;
  }

  bytes(value: Buffer): void {
    if (!Buffer.isBuffer(value)) unwritable();
    this.long(value.length);
    this.#reserve(value.length);
    if (value.length > 0) value.copy(this.#bytes, this.#position);
    this.#position += value.length;
  }

  /** Pico-dollars as `decimal(18,12)`: 8 bytes, two's complement, big-endian. */
  decimal(value: bigint): void {
    if (typeof value !== 'bigint' || value > DECIMAL_MAX || value < DECIMAL_MIN) unwritable();
    this.#reserve(9);
    this.#bytes[this.#position] = 16;
    this.#view.setBigInt64(this.#position + 1, value, false);
    this.#position += 9;
  }

  symbol(symbols: ReadonlyMap<string, number>, value: string): void {
    this.long(symbols.get(value) ?? unwritable());
  }

  array<Item>(items: readonly Item[], write: (output: AvroOutput, item: Item) => void): void {
    if (!Array.isArray(items)) unwritable();
    if (items.length > 0) {
      this.long(items.length);
      for (const item of items) write(this, item);
    }
    this.long(0);
  }

  map<Value>(values: Readonly<Record<string, Value>>, write: (output: AvroOutput, value: Value) => void): void {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) unwritable();
    const keys = Object.keys(values);
    if (keys.length > 0) {
      this.long(keys.length);
      for (const key of keys) {
        this.string(key);
        write(this, values[key] as Value);
      }
    }
    this.long(0);
  }

  #longString(value: string): void {
    // The general encoder has its own bytes for half a surrogate pair.
    if (!value.isWellFormed()) unwritable();
    const length = Buffer.byteLength(value);
    this.long(length);
    this.#reserve(length);
    this.#bytes.utf8Write(value, this.#position, length);
    this.#position += length;
  }

  #reserve(more: number): void {
    const needed = this.#position + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(needed * 2) as Utf8Buffer;
    this.#bytes.copy(grown, 0, 0, this.#position);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }
}
