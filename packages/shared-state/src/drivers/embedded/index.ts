import { join } from 'node:path';
import { openBootDirectory, ProcessLock } from '@weir/event-log/drivers/embedded';
import { type Clock, errorMessage, WeirError } from '@weir/kernel';
import type { Change, Claim, SharedState, Verdict } from '../../shared-state.ts';
import { applyChanges, type RingOf, takeClaims } from '../../take-claims.ts';
import { CellFile } from './cell-file.ts';
import { SoleOwner } from './sole-owner.ts';

export interface EmbeddedStateOptions {
  readonly directory: string;
  readonly clock: Clock;
}

/**
 * For the processes of one machine: a file of cells that all of them read and write through the page cache, under a lock
 * that the kernel releases when its holder is killed. A process that is alone with it counts in its memory, and writes at
 * the end of the next turn of the event loop. It is never synced: it lives as long as the machine runs.
 * @throws WeirError `STATE_OPEN_FAILED`.
 */
export function openEmbeddedState({ directory, clock }: EmbeddedStateOptions): SharedState {
  try {
    return new EmbeddedState(openBootDirectory(directory), clock);
  } catch (cause) {
    throw new WeirError('STATE_OPEN_FAILED', `${directory}: ${errorMessage(cause)}`, { cause });
  }
}

/** Owners that come and go while a step waits for them. */
const ASKED_MAX = 8;

type Work<Result> = (ringOf: RingOf, nowMs: number) => Result;

class EmbeddedState implements SharedState {
  readonly #clock: Clock;
  readonly #lock: ProcessLock;
  readonly #cells: CellFile;
  readonly #owner: SoleOwner;
  #writing: NodeJS.Immediate | undefined;

  constructor(directory: string, clock: Clock) {
    this.#clock = clock;
    this.#lock = new ProcessLock(join(directory, 'lock.mdb'));
    this.#cells = new CellFile(join(directory, 'meters'));
    const flush = (): void => this.#cells.write(clock.now());
    this.#owner = new SoleOwner({ directory, lock: this.#lock, flush });
  }

  take(claims: readonly Claim[]): Verdict | Promise<Verdict> {
    return this.#step((ringOf, nowMs) => takeClaims(claims, ringOf, nowMs));
  }

  adjust(changes: readonly Change[]): void | Promise<void> {
    return this.#step((ringOf, nowMs) => applyChanges(changes, ringOf, nowMs));
  }

  async close(): Promise<void> {
    clearImmediate(this.#writing);
    this.#owner.close();
    this.#lock.close();
    this.#cells.close();
  }

  #step<Result>(work: Work<Result>, asked = 0): Result | Promise<Result> {
    if (this.#owner.owning) return this.#alone(work);
    const done = this.#lock.run(() => {
      const { other } = this.#owner;
      return other ?? { result: this.#inFile(work) };
    });
    if ('result' in done) return done.result;
    if (asked >= ASKED_MAX) throw new WeirError('STATE_UNREACHABLE', 'the counters change hands', { retriable: true });
    return this.#owner.ask(done).then(() => this.#step(work, asked + 1));
  }

  #alone<Result>(work: Work<Result>): Result {
    const nowMs = this.#clock.now();
    try {
      return work((meter, changes) => this.#cells.open(meter, nowMs, changes, true), nowMs);
    } finally {
      if (this.#cells.end()) this.#writeLater();
    }
  }

  /** Called under the lock. */
  #inFile<Result>(work: Work<Result>): Result {
    const nowMs = this.#clock.now();
    try {
      const result = work((meter, changes) => this.#cells.open(meter, nowMs, changes, false), nowMs);
      if (this.#cells.end()) this.#cells.write(nowMs);
      return result;
    } catch (error) {
      this.#cells.forget();
      throw error;
    }
  }

  /** Not at the end of this turn, when what was granted leaves, but of the next. */
  #writeLater(): void {
    this.#writing ??= setImmediate(() => {
      this.#writing = setImmediate(() => this.#write());
    });
  }

  /** What is counted in memory alone survives this process from here on. */
  #write(): void {
    this.#writing = undefined;
    if (!this.#owner.owning) return;
    try {
      this.#lock.run(() => this.#cells.write(this.#clock.now()));
    } catch {
      // A full disk: what is counted stays in memory, and is written with what comes next.
    }
  }
}
