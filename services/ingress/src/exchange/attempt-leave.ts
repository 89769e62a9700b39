import type { CallEnd } from '../ledger/call-record.ts';
import type { Leave } from '../limits/step-gate.ts';

const NO_HEADERS: readonly string[] = [];

/** What the latest attempt of a call was given by its gate; settled once, whatever becomes of the attempt. */
export class AttemptLeave {
  #leave: Leave | undefined;
  #settled = true;

  get answerHeaders(): readonly string[] {
    return this.#leave?.answerHeaders ?? NO_HEADERS;
  }

  take(leave: Leave | undefined): void {
    this.#leave = leave;
    this.#settled = false;
  }

  /** The attempt has ended. */
  settle(end: CallEnd): void {
    this.#settle(end);
  }

  /** Nothing went upstream: it gives back what it was given, and its answer tells nothing of it. */
  giveBack(): void {
    this.#settle(undefined);
    this.#leave = undefined;
  }

  #settle(end: CallEnd | undefined): void {
    if (!this.#settled) this.#leave?.settle?.(end);
    this.#settled = true;
  }
}
