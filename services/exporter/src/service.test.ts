import { join } from 'node:path';
import { picoFromText, type Started } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import { openS3Store, type S3StoreOptions } from '@weir/object-store/drivers/s3';
import { createLogger, createMetrics } from '@weir/telemetry';
import { type FaultProxy, locateS3Server, type S3Server, startFaultProxy, startS3Server, waitFor } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetName } from './datasets/dataset.ts';
import { HOUR_MS } from './hour.ts';
import { Chain } from './manifest/chain.ts';
import { type ExporterConfig, startExporter } from './service.ts';
import { sweep } from './sweep.ts';
import {
  contextOf,
  costsOfHour,
  hourAt,
  insertCosts,
  type SampleLedger,
  startLedger,
} from './testing/export-fixture.ts';
import { duckdb } from './testing/read-with-duckdb.ts';
import { keysOf, s3Options } from './testing/s3-fixture.ts';
import { verifyExport } from './verify/verify-export.ts';

const binary = await locateS3Server();
const DATASETS: readonly DatasetName[] = ['requests', 'focus'];
const CONFIG: ExporterConfig = {
  datasets: DATASETS,
  format: 'parquet',
  limits: { rows: 200, bytes: 1e9 },
  lagMs: 0,
  intervalMs: 50,
  from: undefined,
  graceMs: 60_000,
  retry: { baseMs: 40, capMs: 400 },
};

describe.skipIf(binary === undefined)('the exporter on a bucket', () => {
  let server: Started<S3Server>;
  let proxy: Started<FaultProxy>;
  let ledger: Started<SampleLedger>;
  /** What the loader has closed. */
  let closed = hourAt(2);
  beforeAll(async () => {
    server = await startS3Server(binary ?? '');
    proxy = await startFaultProxy(server.value.url, 7);
    ledger = await startLedger();
    for (const hour of [0, 1, 2]) {
      await insertCosts(ledger.value.warehouse, `h${hour}`, costsOfHour(hour, hour * 1_000, 300));
    }
  });
  afterAll(async () => {
    await ledger?.stop();
    await proxy?.stop();
    await server?.stop();
  });

  const direct = (bucket: string): ObjectStore => openS3Store(s3Options(server.value, bucket));
  const start = (options: S3StoreOptions, config: Partial<ExporterConfig> = {}) => {
    const [lines, metrics] = [[] as string[], createMetrics()];
    const destination = { write: (line: string) => void lines.push(line) };
    const store = openS3Store(options);
    const exporter = startExporter(
      { ...CONFIG, ...config },
      {
        store,
        warehouse: ledger.value.warehouse,
        watermark: { closedBefore: async () => closed },
        logger: createLogger({ name: 'test', level: 'info', format: 'json', destination }),
        metrics,
        version: '0.0.0-test',
      },
    );
    const stop = async (): Promise<void> => {
      await exporter.stop();
      await store.close();
    };
    return { lines, metrics, stop };
  };
  const exported = async (store: ObjectStore, hours: number): Promise<boolean> => {
    for (const dataset of DATASETS) {
      const next = (await new Chain(store, dataset).head())?.manifest.state.next_hour;
      if (next !== new Date(hourAt(hours)).toISOString()) return false;
    }
    return true;
  };
  const requireExact = async (bucket: string, hours: number): Promise<void> => {
    const store = direct(bucket);
    const { warehouse } = ledger.value;
    const found = await verifyExport({
      store,
      warehouse,
      datasets: DATASETS,
      window: {},
      now: Date.now(),
      graceMs: 60_000,
    });
    expect(found.problems).toEqual([]);
    expect(found.hours).toBe(hours * DATASETS.length);
    const until = new Date(hourAt(hours)).toISOString().replace('T', ' ').slice(0, 19);
    const [truth] = (
      await warehouse.query(
        'SELECT count() AS n, sum(cost_usd) AS usd FROM weir.requests WHERE ts < {until:DateTime}',
        {
          params: { until },
        },
      )
    ).rows<{ n: string; usd: string }>();
    for (const [dataset, money] of [
      ['requests', 'cost_usd'],
      ['focus', 'BilledCost'],
    ] as const) {
      const manifests = [...Array(hours).keys()].map((hour) => new Chain(store, dataset).ofHour(hourAt(hour)));
      const files = (await Promise.all(manifests)).flatMap((manifest) => manifest?.files ?? []);
      const paths = files.map(({ key }) => `'${join(server.value.directory, bucket, 'ledger', key)}'`);
      const [back] = await duckdb(
        `SELECT count(*) AS n, sum(${money}) AS usd FROM read_parquet([${paths.join(', ')}])`,
      );
      expect(picoFromText(back?.['usd'] ?? '')).toBe(picoFromText(truth?.usd ?? ''));
      if (dataset === 'requests') expect(back?.['n']).toBe(truth?.n);
    }
    await store.close();
  };

  it('I3 gets through 500s, slow-downs, cut and unanswered requests and a killed server with every row and cent', async () => {
    server.value.createBucket('faults');
    proxy.value.inject(({ random }) => {
      if (random < 0.06) return { kind: 'status', status: 500, code: 'InternalError' };
      if (random < 0.12) return { kind: 'status', status: 503, code: 'SlowDown' };
      if (random < 0.18) return { kind: 'cut', afterBytes: 2_000 };
      if (random < 0.24) return { kind: 'lose-answer' };
      return undefined;
    });
    const run = start(s3Options(server.value, 'faults', proxy.value.url));
    await waitFor(() => proxy.value.counts.requests > 12, { what: 'some requests' });
    await server.value.kill9();
    await server.value.restart();
    const store = direct('faults');
    await waitFor(() => exported(store, 2), { what: 'two hours', timeoutMs: 40_000, intervalMs: 200 });
    await run.stop();
    expect(proxy.value.counts.faults).toBeGreaterThan(5);
    await requireExact('faults', 2);
    for (const dataset of DATASETS)
      await sweep(contextOf(ledger.value.warehouse, store, { graceMs: 1 }), new Chain(store, dataset));
    const [parts, markers] = [await keysOf(store, 'v1/requests/'), await keysOf(store, 'v1/_work/')];
    expect(parts).toHaveLength(4);
    expect(markers).toEqual([]);
    await store.close();
  });

  it('I3 I8 with a missing bucket or wrong keys: a clear error, nothing published, and it goes on once that is mended', async () => {
    const options = s3Options(server.value, 'later');
    const wrong = { accessKeyId: server.value.accessKeyId, secretAccessKey: 'wrong-secret-value' };
    const [missing, denied] = [start(options), start({ ...options, credentials: wrong })];
    const told = async (run: ReturnType<typeof start>, code: string): Promise<boolean> =>
      (await run.metrics.text()).includes(`weir_export_failures_total{dataset="all",code="${code}"}`);
    await waitFor(() => told(missing, 'STORE_BUCKET_MISSING'), { what: 'the missing bucket to be told' });
    await waitFor(() => told(denied, 'STORE_ACCESS_DENIED'), { what: 'the wrong key to be told' });
    expect(missing.lines.join('')).toContain('Create the bucket \\"later\\"');
    expect(denied.lines.join('')).toContain('export.secret_access_key');
    expect(missing.lines.concat(denied.lines).join('')).not.toMatch(/wrong-secret|weir-test-secret|Signature=/);
    await denied.stop();
    server.value.createBucket('later');
    const store = direct('later');
    expect(await keysOf(store)).toEqual([]);
    await waitFor(() => exported(store, 2), { what: 'the hours', timeoutMs: 30_000, intervalMs: 200 });
    await missing.stop();
    await store.close();
    await requireExact('later', 2);
  });

  it('I3 continues where another process stopped, beside others, and revises hours that got late rows', async () => {
    server.value.createBucket('many');
    const store = direct('many');
    const options = s3Options(server.value, 'many');
    closed = hourAt(1) + HOUR_MS / 2;
    const first = start(options);
    await waitFor(() => exported(store, 1), { what: 'the first hour', intervalMs: 100 });
    await first.stop();
    closed = hourAt(2);
    const both = [start(options), start(options)];
    await waitFor(() => exported(store, 2), { what: 'the second hour', intervalMs: 100 });
    await insertCosts(ledger.value.warehouse, 'late', costsOfHour(0, 5_000, 7));
    const revised = async (): Promise<boolean> => {
      const found = await Promise.all(DATASETS.map((dataset) => new Chain(store, dataset).ofHour(hourAt(0))));
      return found.every((manifest) => manifest?.revision === 2 && manifest.reason === 'late_rows');
    };
    await waitFor(revised, { what: 'the revision', timeoutMs: 30_000, intervalMs: 100 });
    await Promise.all(both.map((run) => run.stop()));
    const head = (await new Chain(store, 'requests').head())?.manifest;
    expect(head).toMatchObject({ sequence: 3, revision: 2, totals: { rows: 307 } });
    await requireExact('many', 2);
    const texts = await Promise.all(both.map((run) => run.metrics.text()));
    expect(texts.join('\n')).toMatch(/weir_export_hours_total\{dataset="requests",reason="late_rows"\} 1/);
    expect(texts[0]).toMatch(/weir_export_watermark_lag_seconds \d/);
    await store.close();
  });
});
