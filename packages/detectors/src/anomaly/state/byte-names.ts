import type { DimensionIds } from './dimension-ids.ts';

const FIRST_SLOTS = 1_024;
const FIRST_BYTES = 16_384;
const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const QUOTE = 34;
const BACKSLASH = 92;
const SLOT = 4;
const HASH = 0;
const ID = 1;
const START = 2;
const LENGTH = 3;
/** At this many bytes of names all are forgotten, and learnt again as they come. */
const BYTES_MAX = 256 << 20;

/** The numbers of names that are still bytes of JSON: a name that was seen before is not decoded again. A cache of `DimensionIds`. */
export class ByteNames {
  readonly #ids: DimensionIds;
  readonly #text = new TextDecoder();
  /** Hash, number (-1: empty), start and length of the bytes: side by side, so that a look-up reads one place and the name. */
  #slots = new Int32Array(SLOT * FIRST_SLOTS).fill(-1);
  #bytes = new Uint8Array(FIRST_BYTES);
  #used = 0;
  #names = 0;
  /** Where the name that was read ends: at its closing quote. */
  end = 0;

  constructor(ids: DimensionIds) {
    this.#ids = ids;
    ids.onLetGo((_, name) => this.#forget(name));
  }

  /** The number of the name that starts at `start`, up to its closing quote. */
  read(bytes: Uint8Array, start: number, limit: number): number {
    let hash = FNV_START;
    let at = start;
    for (; at < limit; at += 1) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) return this.#readEscaped(bytes, start, limit);
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    this.end = at;
    hash ^= hash >>> 15;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (SLOT * hash) & mask; ; slot = (slot + SLOT) & mask) {
      const id = slots[slot + ID] as number;
      if (id < 0) return this.#add(bytes, start, at, hash);
      if (slots[slot + HASH] === hash && this.#isSame(bytes, start, at - start, slot)) return id;
    }
  }

  #isSame(bytes: Uint8Array, start: number, length: number, slot: number): boolean {
    if (this.#slots[slot + LENGTH] !== length) return false;
    const from = this.#slots[slot + START] as number;
    const names = this.#bytes;
    for (let at = 0; at < length; at += 1) if (names[from + at] !== bytes[start + at]) return false;
    return true;
  }

  /** One spelling in many; it is decoded each time. */
  #readEscaped(bytes: Uint8Array, start: number, limit: number): number {
    let at = start;
    while (at < limit && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    this.end = Math.min(at, limit);
    return this.#ids.idOf(JSON.parse(`"${this.#text.decode(bytes.subarray(start, this.end))}"`) as string);
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start;
    const id = this.#ids.idOf(this.#text.decode(bytes.subarray(start, end)));
    if (this.#used + length > BYTES_MAX) this.#forgetAll();
    if (this.#used + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#used + length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#used);
    if ((this.#names + 1) * 2 * SLOT > this.#slots.length) this.#grow();
    this.#place(this.#slots, hash, id, this.#used, length);
    this.#used += length;
    this.#names += 1;
    return id;
  }

  #place(slots: Int32Array, hash: number, id: number, start: number, length: number): void {
    const mask = slots.length - 1;
    let slot = (SLOT * hash) & mask;
    while ((slots[slot + ID] as number) >= 0) slot = (slot + SLOT) & mask;
    slots[slot + HASH] = hash;
    slots[slot + ID] = id;
    slots[slot + START] = start;
    slots[slot + LENGTH] = length;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length).fill(-1);
    for (let slot = 0; slot < before.length; slot += SLOT) {
      const id = before[slot + ID] as number;
      if (id < 0) continue;
      const place = [HASH, START, LENGTH].map((field) => before[slot + field] as number);
      this.#place(this.#slots, place[0] as number, id, place[1] as number, place[2] as number);
    }
  }

  /** What stands behind it in the table moves up. */
  #forget(name: string): void {
    const bytes = new TextEncoder().encode(name);
    let hash = FNV_START;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
    hash ^= hash >>> 15;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = (SLOT * hash) & mask;
    for (; ; hole = (hole + SLOT) & mask) {
      if ((slots[hole + ID] as number) < 0) return;
      if (slots[hole + HASH] === hash && this.#isSame(bytes, 0, bytes.length, hole)) break;
    }
    for (let slot = (hole + SLOT) & mask; (slots[slot + ID] as number) >= 0; slot = (slot + SLOT) & mask) {
      const home = (SLOT * (slots[slot + HASH] as number)) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots.copyWithin(hole, slot, slot + SLOT);
      hole = slot;
    }
    slots[hole + ID] = -1;
    this.#names -= 1;
  }

  #forgetAll(): void {
    this.#slots = new Int32Array(SLOT * FIRST_SLOTS).fill(-1);
    this.#used = 0;
    this.#names = 0;
  }
}
