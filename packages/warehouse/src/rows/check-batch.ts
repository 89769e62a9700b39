import { WeirError } from '@weir/kernel';
import type { InsertBatch } from '../warehouse.ts';

/** Above this ClickHouse would cut an insert into blocks, and a token names one block (warehouse.md §2.2). */
export const MAX_BATCH_ROWS = 1_000_000;
const MAX_PARTITION = 65_535;

/** The number of rows. @throws WeirError `WAREHOUSE_BATCH` when the batch cannot be one block with lineage. */
export function checkBatch(batch: InsertBatch): number {
  const { rows, token } = batch;
  if (token === '') throw malformed(batch, 'the token is empty');
  const count = rows.kind === 'avro' ? rows.bodies.length : rows.values.length;
  if (count === 0) throw malformed(batch, 'there are no rows');
  if (count > MAX_BATCH_ROWS) throw malformed(batch, `${count} rows, at most ${MAX_BATCH_ROWS}`);
  if (rows.kind === 'avro') {
    if (rows.offsets.length !== count) throw malformed(batch, `${count} bodies, ${rows.offsets.length} offsets`);
    if (!Number.isInteger(rows.partition) || rows.partition < 0 || rows.partition > MAX_PARTITION) {
      throw malformed(batch, `partition ${rows.partition}`);
    }
  }
  return count;
}

const malformed = (batch: InsertBatch, reason: string): WeirError =>
  new WeirError('WAREHOUSE_BATCH', `batch "${batch.token}" for ${batch.table}: ${reason}`);
