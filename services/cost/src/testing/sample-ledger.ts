import { type CostEvent, createCodec, EVENTS } from '@weir/events';
import type { Started } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';
import type { Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';

const codec = createCodec('cost');
const FRAME_BYTES = 10;

/** Inserts ledger rows as the loader does. */
export async function insertLedgerRows(warehouse: Warehouse, token: string, rows: readonly CostEvent[]): Promise<void> {
  if (rows.length === 0) return;
  const bodies = rows.map((row) => codec.encode(row).subarray(FRAME_BYTES));
  const offsets = rows.map((row) => row.source_offset);
  const batch = { kind: 'avro', schema: EVENTS.cost.schema, bodies, partition: 0, offsets } as const;
  await warehouse.insert({ table: 'requests', token, rows: batch });
}

/** A migrated, empty warehouse in the embedded engine. */
export async function startSampleLedger(): Promise<
  Started<{ readonly warehouse: Warehouse; readonly directory: string }>
> {
  const folder = await tempDirectory();
  const warehouse = await openChdbWarehouse({ directory: folder.value });
  await warehouse.migrate();
  const stop = async (): Promise<void> => {
    await warehouse.close();
    await folder.stop();
  };
  return { value: { warehouse, directory: folder.value }, stop };
}
