import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picoFromText, sleep } from '@weir/kernel';
import { openS3Store } from '@weir/object-store/drivers/s3';
import {
  locateS3Server,
  type ProxiedRequest,
  type ProxyFault,
  spawnNode,
  startFaultProxy,
  startS3Server,
  tempDirectory,
} from '@weir/testkit';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { expect, it } from 'vitest';
import { Chain } from '../manifest/chain.ts';
import { sweep } from '../sweep.ts';
import { contextOf, costsOfHour, hourAt, insertCosts, startLedger } from '../testing/export-fixture.ts';
import type { KillPlan } from '../testing/export-until-killed.ts';
import { duckdb } from '../testing/read-with-duckdb.ts';
import { keysOf, s3Options } from '../testing/s3-fixture.ts';
import { verifyExport } from '../verify/verify-export.ts';

const binary = await locateS3Server();
const program = join(import.meta.dirname, '../testing/export-until-killed.ts');
const ROWS = 5_000;

/** The request on whose way to the server the exporter dies, and whether the server still carries it out. */
const MOMENTS: readonly (readonly [string, (request: ProxiedRequest) => boolean, ProxyFault])[] = [
  ['a part is half sent', ({ path }) => path.includes('partNumber=2'), { kind: 'cut', afterBytes: 100_000 }],
  [
    'the upload is completed',
    ({ method, path }) => method === 'POST' && /uploadId=/.test(path),
    { kind: 'lose-answer' },
  ],
  [
    'the hour is committed',
    ({ method, path }) => method === 'PUT' && path.includes('/chain/'),
    { kind: 'lose-answer' },
  ],
  [
    'LATEST is written',
    ({ method, path }) => method === 'PUT' && path.includes('LATEST'),
    { kind: 'cut', afterBytes: 1 },
  ],
];

it.skipIf(binary === undefined)(
  'I3 kill -9 mid-upload and at every commit: nothing half-published, the next run finishes, leftovers go',
  { timeout: 120_000 },
  async () => {
    const [server, folder] = [await startS3Server(binary ?? ''), await tempDirectory()];
    const proxy = await startFaultProxy(server.value.url);
    server.value.createBucket('kills');
    const ledger = await startLedger();
    for (const hour of [0, 1]) {
      await insertCosts(ledger.value.warehouse, `h${hour}`, costsOfHour(hour, hour * ROWS, ROWS));
    }
    const [truth] = (await ledger.value.warehouse.query('SELECT sum(cost_usd) AS usd FROM weir.requests')).rows<{
      usd: string;
    }>();
    // Another process holds the engine from here on; its directory outlives this opening.
    await ledger.value.warehouse.close();
    const plan: KillPlan = {
      warehouseDirectory: ledger.value.directory,
      store: s3Options(server.value, 'kills', proxy.value.url),
      window: { from: hourAt(0), to: hourAt(2) },
    };
    const planPath = join(folder.value, 'plan.json');
    await writeFile(planPath, JSON.stringify(plan));
    const store = openS3Store(s3Options(server.value, 'kills'));

    for (const [title, isMoment, fault] of MOMENTS) {
      const child = spawnNode(program, [planPath]);
      let struck = false;
      proxy.value.inject((request) => {
        if (struck || !isMoment(request)) return undefined;
        struck = true;
        child.child.kill('SIGKILL');
        return fault;
      });
      await expect(child.ready(/end/, 30_000), title).rejects.toMatchObject({ code: 'TESTKIT_PROCESS_ENDED' });
      expect(struck, title).toBe(true);
      // Whatever a reader is pointed to is whole.
      await sleep(50);
      const half = await verifyExport({
        store,
        warehouse: undefined,
        datasets: ['requests'],
        window: {},
        now: 0,
        graceMs: 1,
      });
      expect(
        half.problems.filter(({ kind }) => kind !== 'pointer'),
        title,
      ).toEqual([]);
    }
    proxy.value.inject(() => undefined);
    const last = spawnNode(program, [planPath]);
    await last.ready(/end/, 30_000);
    await last.stop();

    expect(await store.removeLeftovers(0)).toBeGreaterThan(0);
    expect(await store.removeLeftovers(0)).toBe(0);
    const warehouse = await openChdbWarehouse({ directory: ledger.value.directory });
    await sweep(contextOf(warehouse, store, { graceMs: 1 }), new Chain(store, 'requests'));
    const now = Date.now() + 60_000;
    const found = await verifyExport({ store, warehouse, datasets: ['requests'], window: {}, now, graceMs: 1 });
    expect(found.problems).toEqual([]);
    expect(found).toMatchObject({ hours: 2, rows: 2 * ROWS });
    expect(await keysOf(store, 'v1/_work/')).toEqual([]);
    expect(await keysOf(store, 'v1/requests/')).toHaveLength(found.files);

    const glob = join(server.value.directory, 'kills/ledger/v1/requests/**/*.jsonl');
    const [back] = await duckdb(
      `SELECT count(*) AS n, count(DISTINCT request_id) AS ids, sum(cost_usd::DECIMAL(38, 12)) AS usd FROM read_json_auto('${glob}')`,
    );
    expect(back).toMatchObject({ n: String(2 * ROWS), ids: String(2 * ROWS) });
    expect(picoFromText(back?.['usd'] ?? '')).toBe(picoFromText(truth?.usd ?? ''));
    await warehouse.close();
    await store.close();
    await Promise.all([proxy.stop(), server.stop(), folder.stop(), ledger.stop()]);
  },
);
