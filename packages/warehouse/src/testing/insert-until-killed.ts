import { readFile } from 'node:fs/promises';
import { openChdbWarehouse } from '../drivers/chdb/index.ts';
import type { InsertBatch } from '../warehouse.ts';

/** What the parent of a killed process prepares: batches of Avro bodies in base64. */
export interface KillPlan {
  readonly directory: string;
  readonly schema: object;
  readonly batches: readonly {
    readonly token: string;
    readonly bodies: readonly string[];
    readonly offsets: readonly number[];
  }[];
}

/** A program of the kill tests: opens the warehouse and inserts every batch of the plan, saying when each begins. */
async function insertAll(planPath: string): Promise<void> {
  const plan = JSON.parse(await readFile(planPath, 'utf8')) as KillPlan;
  const warehouse = await openChdbWarehouse({ directory: plan.directory });
  for (const { token, bodies, offsets } of plan.batches) {
    const raw = bodies.map((body) => Buffer.from(body, 'base64'));
    const rows = { kind: 'avro', schema: plan.schema, bodies: raw, partition: 0, offsets } as const;
    const batch: InsertBatch = { table: 'requests', token, rows };
    process.stdout.write(`begin ${token}\n`);
    await warehouse.insert(batch);
  }
  process.stdout.write('end\n');
  await warehouse.close();
}

const [, , planPath] = process.argv;
if (import.meta.main && planPath !== undefined) await insertAll(planPath);
