/** Chunks below this are copied together: a view of a few bytes costs more memory than the bytes. */
const SMALL_BYTES = 2048;
const BLOCK_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);

/** Bytes in order, held by reference where that is cheaper than copying. */
export class ChunkList {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The block that small chunks are copied into; its used part is the last chunk. */
  #block: Buffer = EMPTY;
  #blockStart = 0;
  #blockEnd = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (chunk.length >= SMALL_BYTES || this.#chunks.length === 0) {
      this.#chunks.push(chunk);
      this.#blockStart = this.#blockEnd;
    } else {
      this.#copy(chunk);
    }
  }

  /** Lets whole chunks go from the front while at least `keepBytes` remain. */
  trimFront(keepBytes: number): void {
    let drop = 0;
    for (const chunk of this.#chunks) {
      if (this.#bytes - chunk.length < keepBytes) break;
      this.#bytes -= chunk.length;
      drop += 1;
    }
    if (drop > 0) this.#chunks.splice(0, drop);
  }

  chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  #copy(chunk: Buffer): void {
    if (this.#blockEnd + chunk.length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#blockStart = 0;
      this.#blockEnd = 0;
    }
    const extendsLast = this.#blockEnd > this.#blockStart;
    chunk.copy(this.#block, this.#blockEnd);
    this.#blockEnd += chunk.length;
    const used = this.#block.subarray(this.#blockStart, this.#blockEnd);
    if (extendsLast) this.#chunks[this.#chunks.length - 1] = used;
    else this.#chunks.push(used);
  }
}

/** One buffer of all chunks; a single chunk is not copied. */
export function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  if (first === undefined) return EMPTY;
  return chunks.length === 1 ? first : Buffer.concat(chunks);
}
