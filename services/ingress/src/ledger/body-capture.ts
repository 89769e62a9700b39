import { createHash, type Hash, hash } from 'node:crypto';
import type { CaptureBudget } from './capture-budget.ts';
import { ChunkList, joined } from './chunk-list.ts';

export interface CaptureLimits {
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** What is known of a body after its last byte. */
export interface CapturedPayload {
  /** The whole body, or its start. */
  readonly head: Buffer;
  /** The end of a body of which the middle is missing, else empty. */
  readonly tail: Buffer;
  /** Size of the whole. */
  readonly bytes: number;
  /** 64 hex digits over the whole. */
  readonly sha256: string;
  readonly truncated: boolean;
}

/** Below this the hash is made at the end in one call, which is twice as fast as a hash object for small bodies. */
const ONE_SHOT_BYTES_MAX = 64 * 1024;
/** What is kept of a body's end when the budget is used up: enough for the last events of a stream. */
const POOR_TAIL_BYTES = 32 * 1024;
const EMPTY_SHA256 = hash('sha256', '', 'hex');
const EMPTY = Buffer.alloc(0);
const NOTHING: CapturedPayload = { head: EMPTY, tail: EMPTY, bytes: 0, sha256: EMPTY_SHA256, truncated: false };

/**
 * Keeps head and tail of one body while it passes, with size and SHA-256 of the whole. Chunks are kept by reference:
 * the caller must not change them. Holds at most head + tail + one chunk; when the budget refuses, the short tail.
 */
export class BodyCapture {
  readonly #limits: CaptureLimits;
  readonly #budget: CaptureBudget;
  readonly #head = new ChunkList();
  #tail: ChunkList | undefined;
  #hash: Hash | undefined;
  #bytes = 0;
  #reservedBytes = 0;
  #poor = false;

  constructor(limits: CaptureLimits, budget: CaptureBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#bytes += chunk.length;
    const forHead = this.#roomInHead(chunk.length);
    if (this.#hash === undefined && (this.#bytes > ONE_SHOT_BYTES_MAX || forHead < chunk.length)) this.#startHash();
    this.#hash?.update(chunk);
    if (forHead > 0) this.#head.push(forHead === chunk.length ? chunk : chunk.subarray(0, forHead));
    if (forHead < chunk.length) this.#pushTail(forHead === 0 ? chunk : chunk.subarray(forHead));
  }

  /**
   * What was captured. The buffers stay valid; `release` only returns their bytes to the budget. `whole` is the body in one
   * piece, where there is such a piece already.
   */
  finish(whole?: Buffer): CapturedPayload {
    if (this.#bytes === 0) return NOTHING;
    const tail = this.#tail;
    const truncated = tail !== undefined && this.#head.bytes + tail.bytes < this.#bytes;
    const head = truncated || tail === undefined ? this.#head.chunks() : [...this.#head.chunks(), ...tail.chunks()];
    const start = !truncated && whole?.length === this.#bytes ? whole : joined(head);
    return {
      head: start,
      tail: truncated ? lastBytes(joined(tail.chunks()), this.#tailLimit()) : EMPTY,
      bytes: this.#bytes,
      sha256: this.#hash === undefined ? hash('sha256', start, 'hex') : this.#hash.digest('hex'),
      truncated,
    };
  }

  /** Returns the bytes to the budget. Once. */
  release(): void {
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  /** How many bytes of a chunk the head takes: all or nothing of what the budget is asked for. */
  #roomInHead(bytes: number): number {
    if (this.#tail !== undefined) return 0;
    const room = Math.min(bytes, this.#limits.headBytes - this.#head.bytes);
    if (room > 0 && this.#reserve(room)) return room;
    return 0;
  }

  #pushTail(chunk: Buffer): void {
    // Held bytes never exceed the limit by more than the chunk that comes next.
    this.#tail ??= this.#createTail();
    this.#tail.push(chunk);
    this.#tail.trimFront(this.#tailLimit());
  }

  #createTail(): ChunkList {
    if (!this.#reserve(this.#limits.tailBytes)) this.#poor = true;
    return new ChunkList();
  }

  #tailLimit(): number {
    return this.#poor ? Math.min(POOR_TAIL_BYTES, this.#limits.tailBytes) : this.#limits.tailBytes;
  }

  #reserve(bytes: number): boolean {
    if (!this.#budget.reserve(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  #startHash(): void {
    this.#hash = createHash('sha256');
    for (const chunk of this.#head.chunks()) this.#hash.update(chunk);
  }
}

/** The last bytes as a copy, so that the rest of the buffer can go. */
function lastBytes(buffer: Buffer, bytes: number): Buffer {
  return buffer.length <= bytes ? buffer : Buffer.from(buffer.subarray(buffer.length - bytes));
}
