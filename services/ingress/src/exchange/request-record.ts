import { BodyCapture, type CapturedPayload } from '../ledger/body-capture.ts';
import { capturedBody } from '../ledger/captured-body.ts';
import type { CallStep } from '../plan/call-step.ts';
import type { AttemptContext } from './attempt.ts';

/** The request as the ledger keeps it: the client's body, or that of a step which has its own. */
export class RequestRecord {
  readonly capture: BodyCapture;
  /** The client's body in one piece, once it has been made so. */
  whole: Buffer | undefined;
  readonly #context: Pick<AttemptContext, 'config' | 'budget'>;
  #payload: CapturedPayload | undefined;
  /** Whose body `#payload` is, when it is a step's own. */
  #step: CallStep | undefined;

  constructor(context: Pick<AttemptContext, 'config' | 'budget'>) {
    const { captureHeadBytes: headBytes, captureTailBytes: tailBytes } = context.config;
    this.#context = context;
    this.capture = new BodyCapture({ headBytes, tailBytes }, context.budget);
  }

  /** What a step sends; of the client's body, what has come of it. */
  of(step: CallStep | undefined): CapturedPayload {
    if (step?.body !== undefined && step !== this.#step) {
      this.#step = step;
      this.#payload = capturedBody(step.body, this.#context.config, this.#context.budget);
    }
    this.#payload ??= this.capture.finish(this.whole);
    return this.#payload;
  }

  release(): void {
    this.capture.release();
  }
}
