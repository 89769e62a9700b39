import { readFile } from 'node:fs/promises';
import { openS3Store, type S3StoreOptions } from '@weir/object-store/drivers/s3';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { exportRange } from '../export-range.ts';
import type { Window } from '../hour.ts';
import { contextOf } from './export-fixture.ts';

/** What the parent of a killed process prepares. */
export interface KillPlan {
  readonly warehouseDirectory: string;
  readonly store: S3StoreOptions;
  readonly window: Window;
}

/** A program of the kill test: exports a window as JSON lines and says when it is done. */
async function exportAll(planPath: string): Promise<void> {
  const plan = JSON.parse(await readFile(planPath, 'utf8')) as KillPlan;
  const warehouse = await openChdbWarehouse({ directory: plan.warehouseDirectory });
  const store = openS3Store(plan.store);
  const context = contextOf(warehouse, store, { format: 'jsonl' });
  const request = { datasets: ['requests'], window: plan.window, watermark: undefined } as const;
  await exportRange(context, { ...request, onProgress: ({ title }) => void process.stdout.write(`${title}\n`) });
  await store.close();
  await warehouse.close();
  process.stdout.write('end\n');
}

const [, , planPath] = process.argv;
if (import.meta.main && planPath !== undefined) await exportAll(planPath);
