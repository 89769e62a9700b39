import { WeirError } from '@weir/kernel';
import type { LogRecord, Position } from '../../../event-log.ts';

/** One record of an append, on its way to one partition. */
export interface AppendEntry {
  readonly of: AppendRequest;
  /** Its place among the records of the append. */
  readonly index: number;
  readonly record: LogRecord;
  readonly partition: number;
  readonly bytes: number;
  readonly timestampMs: number;
}

/** One call of `append`: resolves when all of its records are stored, whatever requests they travel in. */
export class AppendRequest {
  readonly result: Promise<readonly Position[]>;
  readonly #positions: (Position | undefined)[];
  readonly #settle: PromiseWithResolvers<readonly Position[]>;
  readonly #onSettled: () => void;
  #left: number;
  #rejected = false;

  /** `onSettled` runs before the caller learns of it. */
  constructor(records: number, onSettled: () => void) {
    this.#onSettled = onSettled;
    this.#settle = Promise.withResolvers<readonly Position[]>();
    this.result = this.#settle.promise;
    this.#positions = new Array<Position | undefined>(records);
    this.#left = records;
  }

  /** Rejected ones are not sent any further. */
  get rejected(): boolean {
    return this.#rejected;
  }

  stored(index: number, position: Position): void {
    this.#positions[index] = position;
    this.#left -= 1;
    if (this.#left > 0 || this.#rejected) return;
    this.#onSettled();
    this.#settle.resolve(this.#positions as Position[]);
  }

  /** `maybeStored`: a request with some of its records was sent, and its answer never came. */
  reject(error: unknown, maybeStored: boolean): void {
    if (this.#rejected) return;
    this.#rejected = true;
    this.#onSettled();
    const some = this.#left < this.#positions.length;
    this.#settle.reject(maybeStored || some ? unconfirmed(error) : error);
  }
}

function unconfirmed(cause: unknown): WeirError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WeirError('LOG_UNCONFIRMED', `some of the records may be stored: ${reason}`, {
    cause,
    retriable: true,
    fix: 'Append them again, marked so that readers can tell a repetition.',
  });
}
