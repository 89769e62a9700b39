import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picoFromText, picoToText, type Started, WeirError } from '@weir/kernel';
import type { Warehouse } from '@weir/warehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATASET_NAMES, type DatasetName } from '../datasets/dataset.ts';
import { datasetOf } from '../datasets/datasets.ts';
import { Chain } from '../manifest/chain.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { sweep } from '../sweep.ts';
import {
  contextOf,
  costsOfHour,
  FIRST_HOUR,
  hourAt,
  insertCosts,
  type SampleFolder,
  type SampleLedger,
  startFolder,
  startLedger,
} from '../testing/export-fixture.ts';
import { duckdb } from '../testing/read-with-duckdb.ts';
import { verifyExport } from '../verify/verify-export.ts';
import type { ExportContext } from './export-context.ts';
import { exportHour, type HourOutcome } from './export-hour.ts';

const ROWS = 1_000;
let ledger: Started<SampleLedger>;
let folder: Started<SampleFolder>;

beforeAll(async () => {
  ledger = await startLedger();
  folder = await startFolder();
  const { warehouse } = ledger.value;
  await insertCosts(warehouse, 'h0', costsOfHour(0, 0, ROWS));
  await insertCosts(warehouse, 'h1', costsOfHour(1, ROWS, 300));
  await insertCosts(warehouse, 'h2', costsOfHour(2, 2 * ROWS, 6));
  // Repeated rows, as a broken producer would write them: the ledger counts each once, and so must the files.
  await insertCosts(warehouse, 'h0 again', costsOfHour(0, 0, ROWS).slice(0, 50));
  await warehouse.insert({
    table: 'cost_adjustments',
    token: 'a',
    rows: { kind: 'json', values: [adjustment('0.000000000007', -1), adjustment('-1.5', 0)] },
  });
  await warehouse.insert({ table: 'payloads', token: 'p', rows: { kind: 'json', values: [PAYLOAD] } });
  await warehouse.insert({ table: 'anomalies', token: 'n', rows: { kind: 'json', values: [ANOMALY] } });
});
afterAll(async () => {
  await ledger?.stop();
  await folder?.stop();
});

const PAYLOAD = {
  request_id: '019a1b2c-3d4e-7f00-8000-000000000000',
  ts: '2026-11-20 10:00:00.000',
  account: 'acme',
  request_body: '{"messages":[{"role":"user","content":"Wie geht’s?\\n"}]}',
  response_body: 'Gut.',
  retention_days: 3_650,
};
const ANOMALY = {
  anomaly_id: '0197aaaa-0000-7000-8000-000000000001',
  version: 2,
  started_at: '2026-11-20 10:10:00.000',
  detected_at: '2026-11-20 11:10:00.000',
  scope: { feature: 'search' },
  impact_usd: '12.000000000001',
  causes: [{ dimension: 'model', value: 'gpt-5-mini', kind: 'mix', share: 0.5, delta_usd: '6.000000000001' }],
};

function adjustment(delta: string, unpriced: number) {
  return {
    request_id: `019a1b2c-3d4e-7f00-8000-00000000000${unpriced + 2}`,
    ts: '2026-11-20 10:00:01.560',
    account: 'acme',
    gateway: 'prod',
    env: 'production',
    feature: 'feature-3',
    user_id: 'u-2',
    api_key_id: 'key-1',
    prompt_fp: '0011223344556677',
    provider: 'openai',
    model: 'claude-sonnet-5',
    revision: 2,
    delta_usd: delta,
    unpriced_delta: unpriced,
    reason: 'late_price',
    price_book_version: '2026-11-21',
    created_at: '2026-11-21 00:00:00.000',
  };
}

function run(context: ExportContext, name: DatasetName, hour: number, chain?: Chain): Promise<HourOutcome> {
  const dataset = datasetOf(name);
  const given = chain ?? new Chain(context.store, name);
  const reason = 'scheduled' as const;
  return exportHour(context, { dataset, chain: given, hour, reason, watermark: undefined, stateAfter: (s) => s });
}

async function published(context: ExportContext, name: DatasetName, hour: number): Promise<Manifest> {
  const outcome = await run(context, name, hour);
  if (outcome.kind !== 'published') throw new Error(`the hour is ${outcome.kind}`);
  return outcome.manifest;
}

const filesOf = (directory: string, { files }: Manifest): string =>
  `[${files.map(({ key }) => `'${join(directory, key)}'`).join(', ')}]`;

const moneyColumns: Partial<Record<DatasetName, string>> = {
  requests: 'cost_usd',
  cost_lines: 'amount_usd',
  cost_adjustments: 'delta_usd',
  usage_1h: 'cost_usd',
  focus: 'BilledCost',
};
const CORRECTED_SUM = `SELECT sum(usd) AS usd FROM (
  SELECT sum(cost_usd) AS usd FROM weir.requests FINAL WHERE toStartOfHour(ts) = {h:DateTime} UNION ALL
  SELECT sum(delta_usd) FROM weir.cost_adjustments FINAL WHERE toStartOfHour(ts) = {h:DateTime})`;
const ledgerSums: Partial<Record<DatasetName, string>> = {
  requests: 'SELECT count() AS n, sum(cost_usd) AS usd FROM weir.requests FINAL WHERE toStartOfHour(ts) = {h:DateTime}',
  cost_lines:
    'SELECT count() AS n, sum(l.7) AS usd FROM weir.requests FINAL ARRAY JOIN cost_lines AS l WHERE toStartOfHour(ts) = {h:DateTime}',
  cost_adjustments:
    'SELECT count() AS n, sum(delta_usd) AS usd FROM weir.cost_adjustments FINAL WHERE toStartOfHour(ts) = {h:DateTime}',
  usage_1h: CORRECTED_SUM,
  focus: CORRECTED_SUM,
};

describe('I4 an exported hour', () => {
  for (const format of ['parquet', 'jsonl'] as const) {
    const all = Object.keys(moneyColumns) as DatasetName[];
    for (const name of format === 'parquet' ? all : (['requests', 'focus'] as const)) {
      it(`has the rows and the money of the ledger to the last digit, read back by DuckDB (${name}, ${format})`, async () => {
        const own = await startFolder();
        const { warehouse } = ledger.value;
        const manifest = await published(contextOf(warehouse, own.value.store, { format }), name, FIRST_HOUR);
        const column = moneyColumns[name];
        const read = format === 'parquet' ? 'read_parquet' : 'read_json_auto';
        const money = format === 'parquet' ? column : `${column}::DECIMAL(38, 12)`;
        const [back] = await duckdb(
          `SELECT count(*) AS n, sum(${money}) AS usd FROM ${read}(${filesOf(own.value.directory, manifest)})`,
        );
        const params = { h: '2026-11-20 10:00:00' };
        const [truth] = (await warehouse.query(ledgerSums[name] ?? '', { params })).rows<{ n?: string; usd: string }>();
        const usd = picoToText(picoFromText(truth?.usd ?? ''));
        expect(picoToText(picoFromText(back?.['usd'] ?? ''))).toBe(usd);
        expect(manifest.totals.sum_cost_usd).toBe(usd);
        expect(Number(back?.['n'])).toBe(manifest.totals.rows);
        if (truth?.n !== undefined) expect(back?.['n']).toBe(truth.n);
        await own.stop();
      });
    }
  }

  it('keeps the types of the ledger in Parquet: exact decimals, ids, maps, UTC times, null for unknown', async () => {
    const manifest = await published(contextOf(ledger.value.warehouse, folder.value.store), 'requests', FIRST_HOUR);
    const source = `read_parquet(${filesOf(folder.value.directory, manifest)})`;
    const described = await duckdb(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${source})`);
    const types = Object.fromEntries(described.map((row) => [row['column_name'], row['column_type']]));
    expect(types).toMatchObject({
      request_id: 'UUID',
      ts: 'TIMESTAMP WITH TIME ZONE',
      cost_usd: 'DECIMAL(18,12)',
      tags: 'MAP(VARCHAR, VARCHAR)',
      input_tokens: 'BIGINT',
      stream: 'BOOLEAN',
      model: 'VARCHAR',
    });
    // Text of prompts and answers leaves with the payloads only (I8).
    expect(Object.keys(types).filter((column) => column.includes('preview'))).toEqual([]);
    const [row] = await duckdb(
      `SELECT count(*) AS n, count(cost_usd) AS priced FROM ${source} WHERE unpriced_reason <> ''`,
    );
    expect(row).toEqual({ n: String(ROWS / 10), priced: '0' });
    expect(manifest.totals).toMatchObject({ rows: ROWS, unpriced: ROWS / 10 });
  });

  it('charges in FOCUS columns, line by line where the lines are the whole', async () => {
    const own = await startFolder();
    const manifest = await published(contextOf(ledger.value.warehouse, own.value.store), 'focus', hourAt(1));
    const source = `read_parquet(${filesOf(own.value.directory, manifest)})`;
    const [row] = await duckdb(
      `SELECT count(*) AS n, count(BilledCost) AS billed, count(DISTINCT x_RequestId) AS requests,
        bool_and(EffectiveCost IS NOT DISTINCT FROM BilledCost) AS same, bool_and(BillingCurrency = 'USD') AS currency,
        bool_and(ChargePeriodEnd > ChargePeriodStart) AS periods,
        bool_and(ListCost IS NULL OR abs(ListCost - ConsumedQuantity * ListUnitPrice) < 0.000000000012) AS listed
       FROM ${source}`,
    );
    expect(row).toMatchObject({ requests: '300', same: 'true', currency: 'true', periods: 'true', listed: 'true' });
    const unpriced = await duckdb(
      `SELECT count(*) AS n FROM ${source} WHERE x_CostSource = 'unpriced' AND BilledCost IS NOT NULL`,
    );
    expect(unpriced).toEqual([{ n: '0' }]);
    await own.stop();
  });

  it('I6 FOCUS of an hour that was corrected is a new revision: every charge as before, and the correction beside them', async () => {
    const own = await startFolder();
    const { warehouse } = ledger.value;
    const hour = hourAt(60);
    await insertCosts(warehouse, 'to correct', costsOfHour(60, 9_000, 20));
    const context = contextOf(warehouse, own.value.store);
    const before = await published(context, 'focus', hour);
    const ts = '2026-11-22 22:00:00.000';
    const correction = { ...adjustment('0.25', 0), request_id: '019a1b2c-3d4e-7f00-8000-000000000060', ts };
    await warehouse.insert({ table: 'cost_adjustments', token: 'f', rows: { kind: 'json', values: [correction] } });
    const after = await published(context, 'focus', hour);
    expect(after).toMatchObject({ revision: 2, totals: { rows: before.totals.rows + 1 } });
    const delta = picoFromText(after.totals.sum_cost_usd ?? '') - picoFromText(before.totals.sum_cost_usd ?? '');
    expect(picoToText(delta)).toBe('0.25');
    const [old, fresh] = [before, after].map((manifest) => `read_parquet(${filesOf(own.value.directory, manifest)})`);
    expect(await duckdb(`SELECT count(*) AS n FROM (FROM ${old} EXCEPT ALL FROM ${fresh})`)).toEqual([{ n: '0' }]);
    const added = `SELECT ChargeClass AS class, BilledCost AS usd, x_Revision AS revision FROM (FROM ${fresh} EXCEPT ALL FROM ${old})`;
    expect(await duckdb(added)).toEqual([{ class: 'Correction', usd: '0.250000000000', revision: '2' }]);
    await own.stop();
  });

  it('I6 has the same bytes for the same rows, in every dataset', async () => {
    const [one, two] = [await startFolder(), await startFolder()];
    for (const name of DATASET_NAMES) {
      const [first, second] = [
        await published(contextOf(ledger.value.warehouse, one.value.store), name, FIRST_HOUR),
        await published(contextOf(ledger.value.warehouse, two.value.store), name, FIRST_HOUR),
      ];
      expect(second.files.map(({ sha256 }) => sha256)).toEqual(first.files.map(({ sha256 }) => sha256));
      expect(second.schema_sha256).toBe(first.schema_sha256);
    }
    await Promise.all([one.stop(), two.stop()]);
  });

  it('carries bodies and anomalies as they are, exact amounts in nested causes too', async () => {
    const own = await startFolder();
    const context = contextOf(ledger.value.warehouse, own.value.store);
    const read = async (name: DatasetName, columns: string) => {
      const manifest = await published(context, name, FIRST_HOUR);
      expect(manifest.totals).toMatchObject({ rows: 1, sum_cost_usd: null, unpriced: null });
      return duckdb(`SELECT ${columns} FROM read_parquet(${filesOf(own.value.directory, manifest)})`);
    };
    const { request_body, response_body } = PAYLOAD;
    expect(await read('payloads', 'request_body, response_body')).toEqual([{ request_body, response_body }]);
    const columns = "impact_usd, causes[1].delta_usd AS delta, scope['feature'] AS feature, ended_at";
    expect(await read('anomalies', columns)).toEqual([
      { impact_usd: ANOMALY.impact_usd, delta: '6.000000000001', feature: 'search', ended_at: null },
    ]);
    await own.stop();
  });

  it('I7 is split by rows and by bytes, half-open: no row twice, none missing', async () => {
    const own = await startFolder();
    const { warehouse } = ledger.value;
    const byRows = await published(
      contextOf(warehouse, own.value.store, { limits: { rows: 250, bytes: 1e9 } }),
      'requests',
      FIRST_HOUR,
    );
    expect(byRows.files.length).toBe(4);
    expect(Math.max(...byRows.files.map(({ rows }) => rows))).toBeLessThanOrEqual(250);
    const small = contextOf(warehouse, own.value.store, { limits: { rows: 1e6, bytes: 150_000 }, format: 'jsonl' });
    const byBytes = await published(small, 'cost_lines', FIRST_HOUR);
    expect(Math.max(...byBytes.files.map(({ bytes }) => bytes))).toBeLessThanOrEqual(150_000);
    expect(byBytes.files.length).toBeGreaterThan(2);
    const source = `read_parquet(${filesOf(own.value.directory, byRows)})`;
    expect(await duckdb(`SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM ${source}`)).toEqual([
      { n: String(ROWS), ids: String(ROWS) },
    ]);
    const tooSmall = contextOf(warehouse, own.value.store, { limits: { rows: 1e6, bytes: 100 } });
    await expect(run(tooSmall, 'focus', hourAt(2))).rejects.toMatchObject({ code: 'EXPORT_FILE_TOO_LARGE' });
    const found = await verifyExport({
      store: own.value.store,
      warehouse,
      datasets: ['requests', 'cost_lines'],
      window: {},
      now: Date.now(),
      graceMs: 1,
    });
    expect(found.problems).toEqual([]);
    await own.stop();
  });

  it('is published even when it is empty, and only once', async () => {
    const own = await startFolder();
    const context = contextOf(ledger.value.warehouse, own.value.store);
    const empty = await published(context, 'requests', hourAt(7));
    expect(empty).toMatchObject({ files: [], totals: { rows: 0, sum_cost_usd: '0', files: 0 }, sequence: 1 });
    expect(await run(context, 'requests', hourAt(7))).toEqual({ kind: 'current' });
    const name = `v1/_manifests/requests/dt=2026-11-20/hour=17/manifest.json`;
    expect(JSON.parse(await readFile(join(own.value.directory, name), 'utf8'))).toEqual(empty);
    await own.stop();
  });
});

/** A warehouse whose Parquet streams are changed on the way. */
const withStream = (warehouse: Warehouse, stream: Warehouse['stream']): Warehouse => ({ ...warehouse, stream });

async function keys(folderOf: SampleFolder): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of folderOf.store.list('')) found.push(key);
  return found;
}

describe('I3 an hour that cannot be read whole', () => {
  it('is not published: the stream ends early, ends in an exception, or has fewer rows', async () => {
    const own = await startFolder();
    const { warehouse } = ledger.value;
    const early: Warehouse['stream'] = async function* (sql, options) {
      for await (const chunk of warehouse.stream(sql, options)) {
        yield chunk.subarray(0, chunk.length - 1_000);
        return;
      }
    };
    const fewer: Warehouse['stream'] = (sql, options) => warehouse.stream(`SELECT * FROM (${sql}) LIMIT 10`, options);
    const failing: Warehouse['stream'] = (sql, options) =>
      warehouse.stream(`SELECT *, throwIf(input_tokens > 500) AS x FROM (${sql})`, options);
    for (const [stream, code] of [
      [early, 'EXPORT_SHORT_FILE'],
      [fewer, 'EXPORT_SHORT_FILE'],
      [failing, 'WAREHOUSE_ENGINE'],
    ] as const) {
      for (const format of ['parquet', 'jsonl'] as const) {
        const context = contextOf(withStream(warehouse, stream), own.value.store, { format });
        await expect(run(context, 'requests', FIRST_HOUR)).rejects.toMatchObject({ code });
        expect(await keys(own.value)).toEqual([]);
      }
    }
    await own.stop();
  });

  it('is not published when its rows change under the read', async () => {
    const own = await startFolder();
    const { warehouse } = ledger.value;
    const hour = hourAt(40);
    await insertCosts(warehouse, 'moving', costsOfHour(40, 0, 10));
    const context = contextOf(
      withStream(warehouse, async function* (sql, options) {
        yield* warehouse.stream(sql, options);
        // As an insert that began before the snapshot and became visible after it.
        await warehouse.execute(
          `INSERT INTO weir.requests (request_id, ts, inserted_at)
           SELECT generateUUIDv4(), fromUnixTimestamp64Milli(${hour + 1_000}, 'UTC'), toDateTime64('2026-11-21 00:00:00', 3, 'UTC')`,
        );
      }),
      own.value.store,
    );
    await expect(run(context, 'requests', hour)).rejects.toMatchObject({ code: 'EXPORT_MOVED', retriable: true });
    expect(await keys(own.value)).toEqual([]);
    expect((await published(contextOf(warehouse, own.value.store), 'requests', hour)).totals.rows).toBe(11);
    await own.stop();
  });
});

describe('I3 late rows', () => {
  it('replace the hour as a revision; the old files go after the grace; a shrunken ledger replaces nothing', async () => {
    const own = await startFolder();
    const { warehouse } = ledger.value;
    const hour = hourAt(50);
    const context = contextOf(warehouse, own.value.store, { graceMs: 400 });
    const chain = new Chain(own.value.store, 'requests');
    await insertCosts(warehouse, 'late a', costsOfHour(50, 0, 100));
    const first = await published(context, 'requests', hour);
    await insertCosts(warehouse, 'late b', costsOfHour(50, 100, 20));
    const second = await published(context, 'requests', hour);
    expect(second).toMatchObject({ revision: 2, sequence: 2, totals: { rows: 120 } });
    expect(second.previous?.sequence).toBe(1);
    // Within the grace a reader that follows the first manifest still finds its file.
    await sweep(context, chain);
    expect(await keys(own.value)).toContain(first.files[0]?.key);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await sweep(context, chain)).toBe(1);
    const left = await keys(own.value);
    expect(left).not.toContain(first.files[0]?.key);
    expect(left).toContain(second.files[0]?.key);
    expect(left.filter((key) => key.startsWith('v1/_work'))).toEqual([]);
    const glob = join(own.value.directory, 'v1/requests/**/*.parquet');
    const [row] = await duckdb(
      `SELECT count(*) AS n, max(dt) AS dt, max(hour) AS hour FROM read_parquet('${glob}', hive_partitioning = true)`,
    );
    expect(row).toEqual({ n: '120', dt: '2026-11-22', hour: '12' });

    await warehouse.execute(
      `ALTER TABLE weir.requests DELETE WHERE attempt = 2 AND toUnixTimestamp64Milli(ts) >= ${hour}`,
      { settings: { mutations_sync: 2 } },
    );
    const shrunken = await run(context, 'requests', hour).catch((error: unknown) => error);
    expect(WeirError.is(shrunken) && shrunken.code).toBe('EXPORT_SHRANK');
    expect((await chain.ofHour(hour))?.revision).toBe(2);
    await own.stop();
  });
});
