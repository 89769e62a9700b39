import { hashOf } from './hash.ts';
import type { Stored } from './stored.ts';

const DEPTH = 4;

/**
 * What is remembered of keys that lost their row: a count-min sketch, of one size however many there were. It tells at least
 * what was added of a key, and more only where others fell into all of its cells.
 */
export class TailSketch implements Stored {
  readonly #width: number;
  /** None until the first key loses its row. */
  #cells = new Float32Array(0);
  #total = 0;

  /** `width` is a power of two. */
  constructor(width: number) {
    this.#width = width;
  }

  get bytes(): number {
    return this.#cells.byteLength;
  }

  add(first: number, second: number, amount: number): void {
    if (this.#cells.length === 0) this.#cells = new Float32Array(DEPTH * this.#width);
    this.#total += amount;
    const least = this.#least(first, second) + amount;
    for (let depth = 0; depth < DEPTH; depth += 1) {
      const cell = this.#cellOf(first, second, depth);
      // Only as far as this key needs it (a conservative update): others gain less by it.
      this.#cells[cell] = Math.max(this.#cells[cell] as number, least);
    }
  }

  /** What was added of a key, less what chance would have put there; 0 for one that is not known. */
  amountOf(first: number, second: number): number {
    if (this.#total === 0) return 0;
    return Math.max(0, this.#least(first, second) - this.#total / this.#width);
  }

  fade(kept: number): void {
    this.#total *= kept;
    for (let cell = 0; cell < this.#cells.length; cell += 1) this.#cells[cell] = (this.#cells[cell] as number) * kept;
  }

  #least(first: number, second: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let depth = 0; depth < DEPTH; depth += 1) {
      least = Math.min(least, this.#cells[this.#cellOf(first, second, depth)] as number);
    }
    return least;
  }

  #cellOf(first: number, second: number, depth: number): number {
    return (
      depth * this.#width + (hashOf(first + Math.imul(depth, 0x51ed270b), second ^ (depth << 27)) & (this.#width - 1))
    );
  }

  save(): unknown {
    return { cells: this.#cells.slice(), total: this.#total };
  }

  load(stored: unknown): void {
    const saved = stored as { readonly cells: Float32Array; readonly total: number };
    this.#cells = saved.cells.slice();
    this.#total = saved.total;
  }
}
