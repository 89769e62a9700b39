import type { ObjectStore } from '@weir/object-store';
import type { Warehouse } from '@weir/warehouse';
import type { DatasetName } from '../datasets/dataset.ts';
import { datasetOf } from '../datasets/datasets.ts';
import { readTotals } from '../hour/ledger.ts';
import { FAR_FUTURE, HOUR_MS, hoursOf, hourWindow, isoTime, type Window } from '../hour.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { Verification } from './verification.ts';
import { verifyChain, verifyHourPointer } from './verify-chain.ts';
import { verifyFiles, verifyLedger, verifyStrays } from './verify-hour.ts';

export interface VerifyRequest {
  readonly store: ObjectStore;
  /** Undefined: the ledger is not asked. */
  readonly warehouse: Warehouse | undefined;
  readonly datasets: readonly DatasetName[];
  /** Hours whose files are read and compared; the chain is always checked whole. */
  readonly window: Partial<Window>;
  readonly now: number;
  readonly graceMs: number;
  onProgress?(done: number, of: number, title: string): void;
}

/** Looks at everything that was published and names every gap, double and mismatch. @throws WeirError of the store only. */
export async function verifyExport(request: VerifyRequest): Promise<Verification> {
  const found = new Verification();
  for (const dataset of request.datasets) {
    const hours = await verifyChain(request.store, dataset, found);
    await verifyHours(request, dataset, hours, found);
  }
  return found;
}

async function verifyHours(
  request: VerifyRequest,
  dataset: DatasetName,
  hours: ReadonlyMap<number, Manifest>,
  found: Verification,
): Promise<void> {
  const { store, warehouse, window, now, graceMs, onProgress } = request;
  const starts = [...hours.keys()].sort((a, b) => a - b);
  const [first, last] = [starts[0], starts.at(-1)];
  if (first === undefined || last === undefined) {
    found.notes.push(`${dataset}: nothing has been exported`);
    return;
  }
  const range = hourRange(window, first, last);
  let done = 0;
  for (const hour of hoursOf(range)) {
    const manifest = hours.get(hour);
    done += 1;
    onProgress?.(done, (range.to - range.from) / HOUR_MS, `${dataset} ${isoTime(hour).slice(0, 13)}`);
    if (manifest === undefined) {
      await verifyGap(warehouse, dataset, hour, found);
      continue;
    }
    found.hours += 1;
    await verifyHourPointer(store, manifest, found);
    await verifyFiles(store, manifest, found);
    await verifyStrays(store, manifest, { now, graceMs }, found);
    if (warehouse !== undefined) await verifyLedger(warehouse, manifest, found);
  }
}

/** An asked-for window counts as it is, up to the newest hour; without one, everything between the first and the last. */
function hourRange(window: Partial<Window>, first: number, last: number): Window {
  const end = hourWindow(last).to;
  return { from: window.from ?? first, to: window.to ?? end };
}

/** An hour without a manifest is a gap unless the ledger is known to have nothing in it. */
async function verifyGap(
  warehouse: Warehouse | undefined,
  dataset: DatasetName,
  hour: number,
  found: Verification,
): Promise<void> {
  const where = isoTime(hour).slice(0, 13);
  if (warehouse === undefined) return found.add('gap', dataset, where, 'was not exported');
  const view = { window: hourWindow(hour), snapshot: FAR_FUTURE };
  const { rows } = await readTotals(warehouse, datasetOf(dataset), view);
  if (rows > 0) found.add('gap', dataset, where, `was not exported; the ledger has ${rows} rows`);
}
