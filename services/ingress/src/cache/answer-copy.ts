import type { CaptureBudget } from '../ledger/capture-budget.ts';
import { joined } from '../ledger/chunk-list.ts';

/** The body of an answer that may be stored, kept while it passes; its bytes count against the capture budget. */
export class AnswerCopy {
  readonly #budget: CaptureBudget;
  readonly #bytesMax: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #whole = true;

  constructor(bytesMax: number, budget: CaptureBudget) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
  }

  /** False once it was let go. */
  get whole(): boolean {
    return this.#whole;
  }

  /** False when there is no room for the chunk: then there is no copy any more. */
  push(chunk: Buffer): boolean {
    if (this.#bytes + chunk.length > this.#bytesMax || !this.#budget.reserve(chunk.length)) {
      this.release();
      return false;
    }
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    return true;
  }

  body(): Buffer {
    return joined(this.#chunks);
  }

  /** Gives the bytes back to the budget. */
  release(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
    this.#chunks.length = 0;
    this.#whole = false;
  }
}
