import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodec, EVENTS } from '@weir/events';
import { expect, it } from 'vitest';
import { startSqlEndpoint } from '../../sql-endpoint/start-sql-endpoint.ts';
import { describeWarehouseContract } from '../../testing/warehouse-contract.ts';
import { openChdbWarehouse } from '../chdb/index.ts';
import { openHttpWarehouse } from './open-http-warehouse.ts';

const codec = createCodec('cost');
const FRAME_BYTES = 10;
const encoding = {
  schema: EVENTS.cost.schema,
  encode: (event: Parameters<typeof codec.encode>[0]) => codec.encode(event).subarray(FRAME_BYTES),
};

describeWarehouseContract(
  'HTTP, to the embedded engine behind its SQL endpoint',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-http-'));
    const embedded = await openChdbWarehouse({ directory });
    const users = { loader: 'it’s a secret' };
    const endpoint = await startSqlEndpoint({ engine: embedded.engine, port: 0, readOnly: false, users });
    const warehouse = openHttpWarehouse({ url: endpoint.value.url, username: 'loader', password: users.loader });
    const release = async (): Promise<void> => {
      await warehouse.close();
      await endpoint.stop();
      await embedded.close();
      await rm(directory, { recursive: true, force: true });
    };
    return { warehouse, release };
  },
  encoding,
);

it('says that nobody answers, and that it may help to try again', async () => {
  const warehouse = openHttpWarehouse({ url: 'http://127.0.0.1:9', timeoutMs: 2000 });
  const failure = { code: 'WAREHOUSE_UNAVAILABLE', retriable: true };
  await expect(warehouse.ping()).rejects.toMatchObject(failure);
  await expect(warehouse.query('SELECT 1')).rejects.toMatchObject(failure);
  const rows = { kind: 'json', values: [{ topic: 'x' }] } as const;
  await expect(warehouse.insert({ table: 'ingest_batches', token: 't', rows })).rejects.toMatchObject(failure);
  await warehouse.close();
});
