import type { CaptureBudget } from '../ledger/capture-budget.ts';
import type { ResponseHead } from '../wire/response-headers.ts';

/** A larger answer is not held: it is passed on, and nothing follows it. */
const HELD_BYTES_MAX = 1024 * 1024;

/** An answer kept back while another attempt may follow it; its bytes count against the capture budget. */
export class HeldAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly head: ResponseHead;
  readonly #budget: CaptureBudget;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(status: number, statusText: string, head: ResponseHead, budget: CaptureBudget) {
    this.status = status;
    this.statusText = statusText;
    this.head = head;
    this.#budget = budget;
  }

  /** False when there is no room for the chunk. */
  push(chunk: Buffer): boolean {
    if (this.#bytes + chunk.length > HELD_BYTES_MAX || !this.#budget.reserve(chunk.length)) return false;
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    return true;
  }

  /** Gives the chunks away and their bytes back; also to let go of an answer that is not wanted. */
  take(): readonly Buffer[] {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
    return this.#chunks.splice(0);
  }
}
