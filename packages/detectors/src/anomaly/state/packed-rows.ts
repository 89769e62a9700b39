import { hashOf } from './hash.ts';
import type { Stored } from './stored.ts';

const FIRST_ROWS = 256;
const FIRST_SLOTS = 1_024;

/**
 * Rows of mixed numbers, each the size of one or two lines of a processor's cache, found by the pair of whole numbers that
 * is their first eight bytes: an event of one among a million users reads a slot of the table and its row, and nothing else.
 */
export class PackedRows implements Stored {
  /** 32-bit words and 64-bit words of a row: `row * words + field` is where a field stands. */
  readonly words: number;
  readonly doubles: number;
  i32 = new Int32Array(0);
  f32 = new Float32Array(0);
  f64 = new Float64Array(0);
  /** Hash and row, by turns. */
  #slots = new Int32Array(2 * FIRST_SLOTS).fill(-1);
  #used = 0;
  #free: number[] = [];
  #fresh = false;

  constructor(rowBytes: number) {
    this.words = rowBytes / 4;
    this.doubles = rowBytes / 8;
    this.#view(new ArrayBuffer(FIRST_ROWS * rowBytes));
  }

  /** Rows given out, those freed among them. */
  get rows(): number {
    return this.#used;
  }

  get size(): number {
    return this.#used - this.#free.length;
  }

  get bytes(): number {
    return this.i32.byteLength + this.#slots.byteLength;
  }

  /** True when the row that `rowOf` gave last is a new one: zeros. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** The row of a pair, or -1. */
  find(first: number, second: number): number {
    const hash = hashOf(first, second);
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[2 * slot + 1] as number;
      if (row < 0) return -1;
      if (slots[2 * slot] !== hash) continue;
      const at = row * this.words;
      if (this.i32[at] === first && this.i32[at + 1] === second) return row;
    }
  }

  rowOf(first: number, second: number): number {
    const known = this.find(first, second);
    this.#fresh = known < 0;
    return known >= 0 ? known : this.#add(first, second);
  }

  #add(first: number, second: number): number {
    const row = this.#free.pop() ?? this.#used++;
    if ((row + 1) * this.words > this.i32.length) this.#grow();
    this.i32[row * this.words] = first;
    this.i32[row * this.words + 1] = second;
    if (this.size * 4 > this.#slots.length) this.#rehash(2 * this.#slots.length);
    else this.#place(hashOf(first, second), row);
    return row;
  }

  /** Frees the row, and makes it zeros; what stands behind it in the table moves up. */
  delete(row: number): void {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    const at = row * this.words;
    const hash = hashOf(this.i32[at] as number, this.i32[at + 1] as number);
    let hole = hash & mask;
    while (slots[2 * hole + 1] !== row) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; (slots[2 * slot + 1] as number) >= 0; slot = (slot + 1) & mask) {
      const home = (slots[2 * slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[2 * hole] = slots[2 * slot] as number;
      slots[2 * hole + 1] = slots[2 * slot + 1] as number;
      hole = slot;
    }
    slots[2 * hole + 1] = -1;
    this.i32.fill(0, at, at + this.words);
    this.#free.push(row);
  }

  save(): unknown {
    return { data: this.i32.slice(0, this.#used * this.words), free: Int32Array.from(this.#free) };
  }

  load(stored: unknown): void {
    const saved = stored as { readonly data: Int32Array; readonly free: Int32Array };
    this.#used = saved.data.length / this.words;
    this.#free = [...saved.free];
    const room = new ArrayBuffer(4 * this.words * Math.max(FIRST_ROWS, this.#used));
    this.#view(room);
    this.i32.set(saved.data);
    let slots = 2 * FIRST_SLOTS;
    while (this.size * 4 > slots) slots *= 2;
    this.#rehash(slots);
  }

  #place(hash: number, row: number): void {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let slot = hash & mask;
    while ((slots[2 * slot + 1] as number) >= 0) slot = (slot + 1) & mask;
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = row;
  }

  #rehash(length: number): void {
    this.#slots = new Int32Array(length).fill(-1);
    const free = new Uint8Array(this.#used);
    for (const row of this.#free) free[row] = 1;
    for (let row = 0; row < this.#used; row += 1) {
      if (free[row] === 1) continue;
      const at = row * this.words;
      this.#place(hashOf(this.i32[at] as number, this.i32[at + 1] as number), row);
    }
  }

  /** Half as much again, not twice: at a million keys the spare half would be the larger part of the state. */
  #grow(): void {
    const before = this.i32;
    this.#view(new ArrayBuffer(4 * this.words * Math.ceil((1.5 * before.length) / this.words)));
    this.i32.set(before);
  }

  #view(buffer: ArrayBuffer): void {
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}
