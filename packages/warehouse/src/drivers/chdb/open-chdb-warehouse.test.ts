import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodec, EVENTS } from '@weir/events';
import { afterAll, expect, it } from 'vitest';
import { describeWarehouseContract } from '../../testing/warehouse-contract.ts';
import { openChdbWarehouse } from './open-chdb-warehouse.ts';

const codec = createCodec('cost');
const FRAME_BYTES = 10;
const encoding = {
  schema: EVENTS.cost.schema,
  encode: (event: Parameters<typeof codec.encode>[0]) => codec.encode(event).subarray(FRAME_BYTES),
};
const directory = await mkdtemp(join(tmpdir(), 'weir-chdb-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

describeWarehouseContract(
  'chdb',
  async () => {
    const warehouse = await openChdbWarehouse({ directory: join(directory, 'contract') });
    return { warehouse, release: () => warehouse.close() };
  },
  encoding,
);

it('refuses a directory that another process holds, and names that process', async () => {
  const warehouse = await openChdbWarehouse({ directory: join(directory, 'held') });
  try {
    await expect(openChdbWarehouse({ directory: join(directory, 'held') })).rejects.toMatchObject({
      code: 'WAREHOUSE_LOCKED',
      details: { pid: process.pid },
    });
    const script = `const { openChdbWarehouse } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      await openChdbWarehouse({ directory: ${JSON.stringify(join(directory, 'held'))} }).catch((e) => console.log(e.code, e.details.pid));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(child.stdout.trim()).toBe(`WAREHOUSE_LOCKED ${process.pid}`);
  } finally {
    await warehouse.close();
  }
});

it('opens again after close, with everything in place', async () => {
  const path = join(directory, 'again');
  const first = await openChdbWarehouse({ directory: path });
  await first.migrate();
  await first.close();
  await expect(first.query('SELECT 1')).rejects.toMatchObject({ code: 'WAREHOUSE_CLOSED' });
  const second = await openChdbWarehouse({ directory: path });
  expect(await second.migrate()).toEqual([]);
  await second.close();
});
