import { systemClock } from '@weir/kernel';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { reprice } from '../reprice/reprice.ts';
import { type BookChange, changedBook } from './sample-books.ts';

/** What the parent of a killed process prepares. */
export interface KilledRepricing {
  readonly directory: string;
  readonly change: BookChange;
  readonly fromMs: number;
  readonly toMs: number;
  readonly chunkRows: number;
}

/** A program of the kill test: reprices a window, and says when a chunk is about to be written and when all is done. */
async function repriceAll(plan: KilledRepricing): Promise<void> {
  const warehouse = await openChdbWarehouse({ directory: plan.directory });
  const execute: typeof warehouse.execute = (statement, options) => {
    if (statement.startsWith('INSERT INTO cost_adjustments')) process.stdout.write('landing\n');
    return warehouse.execute(statement, options);
  };
  const { fromMs, toMs, chunkRows } = plan;
  const done = await reprice({
    warehouse: { ...warehouse, execute },
    book: changedBook(plan.change),
    clock: systemClock,
    signal: new AbortController().signal,
    dryRun: false,
    models: [],
    fromMs,
    toMs,
    chunkRows,
  });
  await warehouse.close();
  process.stdout.write(`end, ${done.settledChunks} settled\n`);
}

const [, , plan] = process.argv;
if (import.meta.main && plan !== undefined) await repriceAll(JSON.parse(plan) as KilledRepricing);
