import { hostname } from 'node:os';
import { errorCode, WeirError } from '@weir/kernel';
import { openSeals, type RollupSeal, type Warehouse, writeSeal } from '@weir/warehouse';

/** A repricing that has not been heard of for this long is dead. */
const SILENT_MS = 120_000;

export const holderHere = (): string => `${hostname()}/${process.pid}`;

/**
 * Lets one repricing at a time near a ledger: two would both take the difference from the same booked cost. Both write
 * before they look, so that of two that start together at least one sees the other. What a dead one left is closed.
 * @throws WeirError `REPRICE_RUNNING`.
 */
export async function holdRepricing(
  warehouse: Warehouse,
  runId: string,
  version: string,
  now: () => number,
): Promise<{ readonly beat: () => Promise<void>; readonly release: () => Promise<void> }> {
  const seal: RollupSeal = {
    kind: 'run',
    runId,
    chunk: 0,
    dayMs: 0,
    holder: holderHere(),
    rows: 0,
    priceBookVersion: version,
  };
  const release = (): Promise<void> => writeSeal(warehouse, seal, 'closed', now());
  await writeSeal(warehouse, seal, 'open', now());
  for (const other of await openSeals(warehouse, 'run')) {
    if (other.runId === runId) continue;
    if (!isAlive(other.holder, now() - other.atMs)) {
      await writeSeal(warehouse, other, 'closed', now());
    } else {
      await release();
      throw new WeirError('REPRICE_RUNNING', `another repricing runs (${other.holder}, run ${other.runId})`, {
        fix: 'Wait until it has ended.',
      });
    }
  }
  return { beat: () => writeSeal(warehouse, seal, 'open', now()), release };
}

function isAlive(holder: string, silentMs: number): boolean {
  if (silentMs >= SILENT_MS) return false;
  const slash = holder.lastIndexOf('/');
  if (holder.slice(0, slash) !== hostname()) return true;
  try {
    return process.kill(Number(holder.slice(slash + 1)), 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
