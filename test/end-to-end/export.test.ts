import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { createCodec, EVENTS } from '@weir/events';
import { picoFromText, Releasers } from '@weir/kernel';
import {
  freePort,
  locateS3Server,
  type SpawnedNode,
  spawnNode,
  startS3Server,
  tempDirectory,
  waitFor,
} from '@weir/testkit';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { costBatch } from '@weir/warehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const HOUR_MS = 3_600_000;
const ROWS = 400;
const FRAME_BYTES = 10;
const binary = await locateS3Server();
const releasers = new Releasers();

let directory: string;
let weir: SpawnedNode;
let ingressUrl: string;
let sqlUrl: string;
/** The hour that runs now; the ledger has rows in the second and third before it. */
const current = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const from = current - 3 * HOUR_MS;
const hourText = (ms: number): string => new Date(ms).toISOString().slice(0, 13);

/** A ledger from an earlier run. */
async function writeLedger(): Promise<void> {
  const warehouse = await openChdbWarehouse({ directory: join(directory, 'data/warehouse') });
  await warehouse.migrate();
  const codec = createCodec('cost');
  for (const hour of [0, 1]) {
    const encode = (event: Parameters<typeof codec.encode>[0]): Uint8Array => {
      const ts = from + hour * HOUR_MS + (event.source_offset % ROWS) * 1_000;
      return codec.encode({ ...event, ts }).subarray(FRAME_BYTES);
    };
    await warehouse.insert(costBatch({ schema: EVENTS.cost.schema, encode }, `h${hour}`, hour * ROWS, ROWS));
  }
  await warehouse.close();
}

async function command(words: readonly string[], env: Record<string, string> = {}) {
  const run = spawnNode(MAIN, [...words, '--config', join(directory, 'weir.yaml')], { cwd: directory, env });
  const code = await new Promise<number | null>((resolve) => run.child.once('close', resolve));
  return { code, output: run.output() };
}

async function ledger(): Promise<string> {
  const response = await fetch(`${sqlUrl}/?database=weir&default_format=TSV`, {
    method: 'POST',
    body: 'SELECT count(), sum(cost_usd) FROM requests',
  });
  return (await response.text()).trim();
}

async function readBack(glob: string): Promise<readonly [rows: string, usd: bigint]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const sql = `SELECT count(*)::VARCHAR, sum(cost_usd)::VARCHAR FROM read_parquet('${glob}', hive_partitioning = true)`;
  const [row] = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  return [String(row?.[0]), picoFromText(String(row?.[1]))];
}

beforeAll(async () => {
  const folder = await tempDirectory();
  releasers.add('folder', () => folder.stop());
  directory = folder.value;
  await writeLedger();
  const [ingress, sql, page] = [await freePort(), await freePort(), await freePort()];
  [ingressUrl, sqlUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${sql}`];
  const config = {
    ingress: { port: ingress, workers: 1 },
    sql: { port: sql },
    console: { port: page },
    logging: { format: 'json' },
    export: { url: 'file:./exports', lag_ms: 0, interval_ms: 200 },
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'weir.yaml'), JSON.stringify(config));
  weir = spawnNode(MAIN, ['up', '--config', join(directory, 'weir.yaml')], { cwd: directory });
  releasers.add('weir', async () => void (await weir.stop(30_000)));
  await weir.ready(/is running\./, 60_000);
});
afterAll(() => releasers.stop());

describe('I3 I4 export', () => {
  it('publishes every closed hour by itself, to the last row and digit of the ledger', async () => {
    const done = async (): Promise<boolean> => {
      const metrics = await (await fetch(`${ingressUrl}/metrics`)).text();
      const hours = (name: string) =>
        new RegExp(`weir_export_hours_total\\{dataset="${name}",reason="scheduled"\\} ([3-9])`);
      return ['requests', 'cost_lines', 'usage_1h', 'focus'].every((name) => hours(name).test(metrics));
    };
    await waitFor(done, { what: 'the hours to be exported', timeoutMs: 40_000, intervalMs: 500 });
    const [rows, usd] = (await ledger()).split('\t');
    expect(rows).toBe(String(2 * ROWS));
    const back = await readBack(join(directory, 'exports/v1/requests/**/*.parquet'));
    expect(back).toEqual([rows, picoFromText(usd ?? '')]);
    expect(readdirSync(join(directory, 'exports/v1')).sort()).toEqual(
      ['_manifests', '_work', 'cost_lines', 'focus', 'requests', 'usage_1h'].sort(),
    );
  });

  it('`weir export verify` agrees with the running ledger, and names what was changed', async () => {
    const good = await command(['export', 'verify']);
    expect(good.output).toMatch(/\d+ hours, \d+ files, \d+ rows, \d+ bytes, compared with the ledger: 0 problems/);
    expect(good.code).toBe(0);
    const folder = join(
      directory,
      'exports/v1/requests',
      `dt=${hourText(from).slice(0, 10)}/hour=${hourText(from).slice(11)}`,
    );
    const [file = ''] = readdirSync(folder);
    writeFileSync(join(folder, file), 'not what it was');
    const bad = await command(['export', 'verify', '--dataset', 'requests']);
    expect(bad.output).toContain(`file: requests: v1/requests/dt=`);
    expect(bad.output).toContain('has 15 bytes');
    expect(bad.code).toBe(1);
  });

  it.skipIf(binary === undefined)(
    '`weir export` fills another bucket through the running Weir, and says how far it is',
    async () => {
      const server = await startS3Server(binary ?? '');
      releasers.add('S3 server', () => server.stop());
      server.value.createBucket('back-fill');
      const { url, region, accessKeyId, secretAccessKey } = server.value;
      const target = `s3://back-fill/a/b?endpoint=${url}&region=${region}&force_path_style=true`;
      const env = { WEIR_EXPORT_ACCESS_KEY_ID: accessKeyId, WEIR_EXPORT_SECRET_ACCESS_KEY: secretAccessKey };
      const range = [
        '--from',
        hourText(from),
        '--to',
        hourText(current),
        '--dataset',
        'requests,focus',
        '--to-url',
        target,
      ];
      const filled = await command(['export', ...range], env);
      expect(filled.output).toContain(`[1/6] requests ${hourText(from)}: ${ROWS} rows, `);
      expect(filled.output).toMatch(/\{"published":6,"current":0,"overtaken":0,"kept":0,"rows":\d+,"bytes":\d+\}/);
      expect(filled.code).toBe(0);
      expect(filled.output).not.toContain(secretAccessKey);
      const again = await command(['export', ...range], env);
      expect(again.output).toContain('"published":0,"current":6');
      const verified = await command(['export', 'verify', '--dataset', 'requests,focus', '--to-url', target], env);
      expect(verified.output).toContain('compared with the ledger: 0 problems');
      const [rows, usd] = (await ledger()).split('\t');
      const glob = join(server.value.directory, 'back-fill/a/b/v1/requests/**/*.parquet');
      expect(await readBack(glob)).toEqual([rows, picoFromText(usd ?? '')]);
      const denied = await command(['export', ...range], {
        ...env,
        WEIR_EXPORT_SECRET_ACCESS_KEY: 'wrong-secret-value',
      });
      expect(denied.code).toBe(1);
      expect(denied.output).toMatch(/weir: .*SignatureDoesNotMatch.*\n {6}Check export\.access_key_id/);
      expect(denied.output).not.toContain('wrong-secret-value');
    },
  );

  it('refuses an hour that is not closed, an unknown dataset and an unknown destination, and says what to do', async () => {
    const cases = [
      [['--from', hourText(from), '--to', hourText(current + 2 * HOUR_MS)], /is not closed[\s\S]*Export up to/],
      [['--from', hourText(from), '--dataset', 'request'], /no dataset "request"; there are requests, /],
      [['--from', hourText(from), '--to-url', 'ftp://x'], /is neither file: nor s3:[\s\S]*Write file:/],
    ] as const;
    const results = await Promise.all(cases.map(([words]) => command(['export', ...words])));
    for (const [index, [, pattern]] of cases.entries()) {
      expect(results[index]?.output).toMatch(pattern);
      expect(results[index]?.code).toBe(1);
    }
  });
});
