import { hashOf } from './hash.ts';
import type { Stored } from './stored.ts';

const FIRST_SLOTS = 1024;
const EMPTY = -1;

/** Pairs of whole numbers to row numbers: a hash table with linear probing in typed arrays. */
export class KeyIndex implements Stored {
  #slots: Int32Array;
  #keys: Int32Array;
  #used = 0;
  #free: number[] = [];
  #fresh = false;

  constructor() {
    this.#slots = new Int32Array(FIRST_SLOTS).fill(EMPTY);
    this.#keys = new Int32Array(FIRST_SLOTS);
  }

  /** Rows given out, those freed among them. */
  get rows(): number {
    return this.#used;
  }

  get size(): number {
    return this.#used - this.#free.length;
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#keys.byteLength;
  }

  /** The row of a pair, or -1. */
  find(first: number, second: number): number {
    const slot = this.#slotOf(first, second);
    const row = this.#slots[slot] as number;
    return row < 0 ? -1 : row;
  }

  /** True when the row that `rowOf` gave last is a new one. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** The row of a pair; a pair never seen gets a free row. */
  rowOf(first: number, second: number): number {
    const known = this.#slots[this.#slotOf(first, second)] as number;
    this.#fresh = known < 0;
    if (known >= 0) return known;
    const row = this.#free.pop() ?? this.#used++;
    if (this.#used * 2 >= this.#keys.length) this.#grow();
    this.#keys[2 * row] = first;
    this.#keys[2 * row + 1] = second;
    this.#slots[this.#slotOf(first, second)] = row;
    return row;
  }

  firstOf(row: number): number {
    return this.#keys[2 * row] as number;
  }

  secondOf(row: number): number {
    return this.#keys[2 * row + 1] as number;
  }

  /** Frees the row; what stands behind it in the table moves up, so that nothing is ever searched past a gap. */
  delete(row: number): void {
    const mask = this.#slots.length - 1;
    let hole = this.#slotOf(this.firstOf(row), this.secondOf(row));
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot] as number;
      if (other === EMPTY) break;
      const home = hashOf(this.firstOf(other), this.secondOf(other)) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = other;
      hole = slot;
    }
    this.#slots[hole] = EMPTY;
    this.#free.push(row);
  }

  save(): { readonly keys: Int32Array; readonly free: readonly number[] } {
    return { keys: this.#keys.slice(0, 2 * this.#used), free: [...this.#free] };
  }

  load(stored: unknown): void {
    const saved = stored as { readonly keys: Int32Array; readonly free: readonly number[] };
    this.#used = saved.keys.length / 2;
    this.#free = [...saved.free];
    let room = FIRST_SLOTS;
    while (room <= this.#used * 2) room *= 2;
    this.#keys = new Int32Array(room);
    this.#keys.set(saved.keys);
    this.#rehash(room);
  }

  #slotOf(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(first, second) & mask;
    for (;;) {
      const row = this.#slots[slot] as number;
      if (row === EMPTY) return slot;
      if (this.#keys[2 * row] === first && this.#keys[2 * row + 1] === second) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const keys = new Int32Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#rehash(keys.length);
  }

  #rehash(room: number): void {
    this.#slots = new Int32Array(room).fill(EMPTY);
    const free = new Set(this.#free);
    for (let row = 0; row < this.#used; row += 1) {
      if (!free.has(row)) this.#slots[this.#slotOf(this.firstOf(row), this.secondOf(row))] = row;
    }
  }
}
