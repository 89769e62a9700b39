import { join } from 'node:path';
import { openBootDirectory, ProcessLock } from '@weir/event-log/drivers/embedded';
import { type Clock, errorMessage, WeirError } from '@weir/kernel';
import type { SharedState } from '../../shared-state.ts';
import { applyChanges, type RingOf, takeClaims } from '../../take-claims.ts';
import { CellFile } from './cell-file.ts';

export interface EmbeddedStateOptions {
  readonly directory: string;
  readonly clock: Clock;
}

/**
 * For the processes of one machine: a file of cells that all of them read and write through the page cache, under a lock
 * that the kernel releases when its holder is killed. It is never synced: it lives as long as the machine runs.
 * @throws WeirError `STATE_OPEN_FAILED`.
 */
export function openEmbeddedState({ directory, clock }: EmbeddedStateOptions): SharedState {
  let lock: ProcessLock;
  let cells: CellFile;
  try {
    const state = openBootDirectory(directory);
    lock = new ProcessLock(join(state, 'lock.mdb'));
    cells = new CellFile(join(state, 'meters'));
  } catch (cause) {
    throw new WeirError('STATE_OPEN_FAILED', `${directory}: ${errorMessage(cause)}`, { cause });
  }
  const step = <Result>(work: (ringOf: RingOf, nowMs: number) => Result): Result =>
    lock.run(() => {
      const nowMs = clock.now();
      try {
        const result = work((meter, changes) => cells.open(meter, nowMs, changes), nowMs);
        cells.end(nowMs);
        return result;
      } catch (error) {
        cells.forget();
        throw error;
      }
    });
  return {
    take: (claims) => step((ringOf, nowMs) => takeClaims(claims, ringOf, nowMs)),
    adjust: (changes) => step((ringOf, nowMs) => applyChanges(changes, ringOf, nowMs)),
    async close() {
      lock.close();
      cells.close();
    },
  };
}
