/** Thrown where the bytes are not what the generated reader expects; the general decoder then says what is wrong. */
const unreadable = (): never => {
  throw new RangeError('not readable');
};

/** Buffer's own method, which its type leaves out: `toString` without the look at encoding and bounds. */
type Utf8Buffer = Buffer & { utf8Slice(start: number, end: number): string };

const LONG_BYTES_MAX = 10;
const DECIMAL_BYTES = 8;
const NO_BYTES = Buffer.alloc(0) as Utf8Buffer;

/**
 * Reads Avro binary values one after another, for the readers generated from schemas/. Throws on anything odd: it never
 * explains, since the general decoder reads the same bytes again and does.
 */
export class AvroInput {
  #bytes: Utf8Buffer = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer, 0, 0);
  #position = 0;
  #copies = true;

  /** Starts on the body of a record; with `copies` false, byte fields are views of it. */
  open(bytes: Uint8Array, bodyStart: number, copies: boolean): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Utf8Buffer;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = bodyStart;
    this.#copies = copies;
  }

  /** Ends the record: every byte of it must have been read. */
  close(): void {
    if (this.#position !== this.#bytes.length) unreadable();
    this.#bytes = NO_BYTES;
  }

  boolean(): boolean {
    const byte = this.#bytes[this.#position];
    this.#position += 1;
    if (byte !== 0 && byte !== 1) unreadable();
    return byte === 1;
  }

  long(): number {
    const bytes = this.#bytes;
    let position = this.#position;
    let byte = bytes[position] ?? unreadable();
    position += 1;
    if (byte < 0x80) {
      this.#position = position;
      return (byte >>> 1) ^ -(byte & 1);
    }
    let zigzag = byte & 0x7f;
    let scale = 0x80;
    const end = position + LONG_BYTES_MAX - 1;
    do {
      byte = bytes[position] ?? unreadable();
      position += 1;
      zigzag += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80 && position < end);
    if (byte >= 0x80 || zigzag > Number.MAX_SAFE_INTEGER) unreadable();
    this.#position = position;
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  int(): number {
    const value = this.long();
    return value === (value | 0) ? value : unreadable();
  }

  double(): number {
    const value = this.#view.getFloat64(this.#position, true);
    this.#position += 8;
    return value;
  }

  string(): string {
    const length = this.#length();
    const start = this.#position;
    this.#position = start + length;
    return length === 0 ? '' : this.#bytes.utf8Slice(start, start + length);
  }

  bytes(): Buffer {
    const length = this.#length();
    const start = this.#position;
    this.#position = start + length;
    if (length === 0) return NO_BYTES;
    const view = this.#bytes.subarray(start, start + length);
    return this.#copies ? Buffer.from(view) : view;
  }

  /** `decimal(18,12)` as pico-dollars. */
  decimal(): bigint {
    if (this.#length() !== DECIMAL_BYTES) unreadable();
    const amount = this.#view.getBigInt64(this.#position, false);
    this.#position += DECIMAL_BYTES;
    return amount;
  }

  symbol<Symbols extends string>(symbols: readonly Symbols[]): Symbols {
    return symbols[this.long()] ?? unreadable();
  }

  /** `[null, type]`: true when a value follows. */
  present(): boolean {
    const branch = this.long();
    if (branch !== 0 && branch !== 1) unreadable();
    return branch === 1;
  }

  array<Item>(read: (input: AvroInput) => Item): Item[] {
    const items: Item[] = [];
    for (let count = this.long(); count !== 0; count = this.long()) {
      // A negative count is followed by the size of its block; no writer of ours makes one.
      if (count < 0) unreadable();
      for (; count > 0; count -= 1) items.push(read(this));
    }
    return items;
  }

  map<Value>(read: (input: AvroInput) => Value): Record<string, Value> {
    const values: Record<string, Value> = {};
    for (let count = this.long(); count !== 0; count = this.long()) {
      if (count < 0) unreadable();
      for (; count > 0; count -= 1) {
        const key = this.string();
        if (key === '__proto__') unreadable();
        values[key] = read(this);
      }
    }
    return values;
  }

  /** Passes over bytes. */
  skip(length: number): void {
    if (length < 0 || length > this.#bytes.length - this.#position) unreadable();
    this.#position += length;
  }

  #length(): number {
    const length = this.long();
    return length >= 0 && length <= this.#bytes.length - this.#position ? length : unreadable();
  }
}
