import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type Started, sleep } from '@weir/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChdbWarehouse, openChdbWarehouse } from '../drivers/chdb/index.ts';
import { startSqlEndpoint } from './start-sql-endpoint.ts';

let directory: string;
let warehouse: ChdbWarehouse;
let reading: Started<{ readonly url: string }>;
let writing: Started<{ readonly url: string }>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-sql-'));
  warehouse = await openChdbWarehouse({ directory });
  await warehouse.migrate();
  await warehouse.execute(
    'CREATE TABLE weir.numbers_10 ENGINE = MergeTree ORDER BY n AS SELECT number AS n FROM numbers(10)',
  );
  reading = await startSqlEndpoint({ engine: warehouse.engine, port: 0 });
  writing = await startSqlEndpoint({ engine: warehouse.engine, port: 0, readOnly: false });
});
afterAll(async () => {
  await reading.stop();
  await writing.stop();
  await warehouse.close();
  await rm(directory, { recursive: true, force: true });
});

const post = (sql: string, query = '', headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${reading.value.url}/?${query}`, { method: 'POST', body: sql, headers });

describe('as curl sees it', () => {
  it('answers health checks', async () => {
    for (const path of ['/ping', '/replicas_status', '/']) {
      const answer = await fetch(`${reading.value.url}${path}`);
      expect([answer.status, await answer.text()]).toEqual([200, 'Ok.\n']);
    }
    expect((await fetch(`${reading.value.url}/elsewhere`)).status).toBe(404);
  });

  it('takes the statement from the URL, the body, or both in turn', async () => {
    const { url } = reading.value;
    expect(await (await fetch(`${url}/?query=${encodeURIComponent('SELECT 1')}`)).text()).toBe('1\n');
    expect(await (await post('SELECT 2')).text()).toBe('2\n');
    expect(await (await post('n FROM numbers_10 WHERE n = 3 -- the end', 'query=SELECT')).text()).toBe('3\n');
  });

  it('gives the headers of ClickHouse, and the format by statement, parameter or header', async () => {
    const answer = await post('SELECT 1 AS a FORMAT JSONEachRow', 'query_id=mine');
    expect(await answer.text()).toBe('{"a":1}\n');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/x-ndjson; charset=UTF-8',
      'x-clickhouse-query-id': 'mine',
      'x-clickhouse-format': 'JSONEachRow',
      'x-clickhouse-server-display-name': 'weir',
      'x-clickhouse-timezone': expect.stringMatching(/UTC|\//),
      'x-clickhouse-summary': expect.stringContaining('read_rows'),
    });
    expect(await (await post('SELECT 1 AS a', 'default_format=CSVWithNames')).text()).toBe('"a"\n1\n');
    expect(await (await post('SELECT 1 AS a', '', { 'X-ClickHouse-Format': 'JSONCompactEachRow' })).text()).toBe(
      '[1]\n',
    );
    expect(await (await post("SHOW TABLES LIKE 'numbers%'")).text()).toBe('numbers_10\n');
    expect(
      await (await post("SELECT name FROM tables WHERE database = 'weir' LIMIT 1", 'database=system')).status,
    ).toBe(200);
  });

  it('answers money and 64-bit integers as text, unless asked otherwise', async () => {
    const sql = "SELECT toDecimal64('0.1', 12) AS usd, toUInt64(7) AS n FORMAT JSONEachRow";
    expect(await (await post(sql)).json()).toEqual({ usd: '0.1', n: '7' });
    expect(await (await post(sql, 'output_format_json_quote_64bit_integers=0')).json()).toEqual({ usd: '0.1', n: 7 });
  });

  it('binds parameters', async () => {
    const value = encodeURIComponent("a'b");
    expect(await (await post('SELECT {x:String}, {n:UInt8} + 1', `param_x=${value}&param_n=4`)).text()).toBe(
      "a\\'b\t5\n",
    );
  });

  it('compresses answers and reads compressed bodies', async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) {
      const answer = await post('SELECT n FROM numbers_10', 'enable_http_compression=1', {
        'Accept-Encoding': encoding,
      });
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect((await answer.text()).trim().split('\n')).toHaveLength(10);
    }
    for (const [encoding, body] of [
      ['gzip', gzipSync('SELECT 5')],
      ['br', brotliCompressSync('SELECT 5')],
      ['zstd', zstdCompressSync('SELECT 5')],
    ] as const) {
      const answer = await fetch(reading.value.url, {
        method: 'POST',
        body,
        headers: { 'Content-Encoding': encoding },
      });
      expect(await answer.text()).toBe('5\n');
    }
    const broken = await post('no gzip', '', { 'Content-Encoding': 'gzip' });
    expect(broken.status).toBe(400);
  });

  it.each([
    ['SELEC 1', 400, '62'],
    ['SELECT * FROM nothing', 404, '60'],
    ['SELECT 1; SELECT 2', 400, '62'],
    ['', 400, '62'],
    ['SELECT {x:UInt8}', 400, '456'],
    ['SELECT throwIf(1)', 500, '395'],
  ])('refuses %s with the status and the number of ClickHouse', async (sql, status, code) => {
    const answer = await post(sql);
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([status, code]);
    expect(await answer.text()).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .*\\([A-Z_]+\\) \\(version [\\d.]+\\)\\n$`, 's'),
    );
  });
});

describe('limits', () => {
  it('lets a client ask for less, and never for more', async () => {
    expect((await post('SELECT sleep(3)', 'max_execution_time=1')).headers.get('x-clickhouse-exception-code')).toBe(
      '159',
    );
    const limited = await startSqlEndpoint({ engine: warehouse.engine, port: 0, maxSeconds: 1, maxResultBytes: 1000 });
    const ask = async (sql: string, query: string): Promise<string | null> =>
      (await fetch(`${limited.value.url}/?${query}`, { method: 'POST', body: sql })).headers.get(
        'x-clickhouse-exception-code',
      );
    expect(await ask('SELECT sleep(3)', 'max_execution_time=0')).toBe('159');
    expect(await ask('SELECT number FROM numbers(1000) FORMAT JSON', 'max_result_bytes=0')).toBe('396');
    await limited.stop();
  });

  it('queues what passes its width and refuses what passes its queue', async () => {
    const narrow = await startSqlEndpoint({ engine: warehouse.engine, port: 0, maxConcurrent: 1, maxWaiting: 1 });
    const ask = (): Promise<Response> => fetch(narrow.value.url, { method: 'POST', body: 'SELECT sleep(0.5)' });
    const answers = await Promise.all([ask(), ask(), ask()]);
    const statuses = answers.map((answer) => answer.status).sort();
    expect(statuses).toEqual([200, 200, 503]);
    const refused = answers.find((answer) => answer.status === 503);
    expect(refused?.headers.get('x-clickhouse-exception-code')).toBe('202');
    expect(refused?.headers.get('retry-after')).toBe('1');
    await narrow.stop();
  });

  it('ends the statement of a client that left', async () => {
    const controller = new AbortController();
    const sql = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 42';
    const asked = fetch(reading.value.url, { method: 'POST', body: sql, signal: controller.signal });
    const running = async (): Promise<boolean> => {
      const result = await warehouse.query(
        "SELECT query FROM system.processes WHERE query LIKE '%= 42' AND query NOT LIKE '%LIKE%'",
      );
      return result.rows().length > 0;
    };
    while (!(await running())) await sleep(20);
    controller.abort();
    await expect(asked).rejects.toThrow();
    const deadline = performance.now() + 10_000;
    while ((await running()) && performance.now() < deadline) await sleep(50);
    expect(await running()).toBe(false);
  });

  it('refuses a body beyond its limit', async () => {
    const answer = await post(`SELECT '${'x'.repeat(1_100_000)}'`);
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([413, '229']);
  });
});

describe('read-only', () => {
  const outside = join(tmpdir(), `weir-outfile-${process.pid}`);
  const called: string[] = [];
  const trap = createServer((request, response) => {
    called.push(request.url ?? '');
    response.end('secret');
  });
  let trapUrl = '';
  beforeAll(async () => {
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  });
  afterAll(() => void trap.close());

  const attempts = (): readonly string[] => [
    'INSERT INTO numbers_10 VALUES (1)',
    'INSERT INTO numbers_10 SELECT 1',
    'DROP TABLE numbers_10',
    'TRUNCATE TABLE numbers_10',
    'ALTER TABLE numbers_10 DELETE WHERE 1',
    'OPTIMIZE TABLE numbers_10',
    'CREATE TABLE other (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE other (a Int8)',
    'CREATE FUNCTION f AS (x) -> x',
    'CREATE USER mallory',
    'GRANT ALL ON *.* TO default',
    'SET readonly = 0',
    'SET ROLE weir_owner',
    'USE system',
    'KILL QUERY WHERE 1',
    'SYSTEM SHUTDOWN',
    `SELECT 1 INTO OUTFILE '${outside}'`,
    `SELECT 1 INTO OUTFILE '${outside}' TRUNCATE FORMAT CSV`,
    `INSERT INTO FUNCTION file('${outside}', 'CSV', 'a Int8') SELECT 1`,
    "SELECT file('/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * FROM view(SELECT file('/etc/passwd'))",
    "EXPLAIN SELECT file('/etc/passwd')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString', 'l String')",
    "DESCRIBE file('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    `SELECT * FROM url('${trapUrl}/url', 'LineAsString', 'l String')`,
    `DESCRIBE url('${trapUrl}/describe')`,
    `SELECT * FROM s3('${trapUrl}/bucket/key', 'LineAsString', 'l String')`,
    `DESCRIBE s3('${trapUrl}/bucket/key')`,
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/etc/passwd', 'a')",
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '/etc/passwd'",
    'SELECT 1 SETTINGS readonly = 0',
    "BACKUP TABLE numbers_10 TO File('/tmp/x')",
    'SELECT 1; DROP TABLE numbers_10',
    'SELECT 1 PARALLEL WITH DROP TABLE numbers_10',
    'SELECT * FROM system.users',
  ];

  it('refuses every way to write, and every way to files and addresses outside the database', async () => {
    for (const sql of attempts()) {
      const answer = await post(sql);
      const text = await answer.text();
      expect(answer.ok, `${sql}: ${text}`).toBe(false);
      expect(text, sql).not.toMatch(/root:|secret/);
      expect(answer.headers.get('x-clickhouse-exception-code'), `${sql}: ${text}`).toMatch(
        /^(164|497|60|62|344|36|701)$/,
      );
    }
    expect(existsSync(outside)).toBe(false);
    expect(called).toEqual([]);
    expect(await (await post('SELECT count() FROM numbers_10')).text()).toBe('10\n');
  });

  it('refuses settings that reach files or lift the limits', async () => {
    for (const setting of [
      'format_template_row=/etc/passwd',
      'format_schema=/etc/passwd',
      'max_memory_usage_for_user=0',
      'send_logs_level=trace',
    ]) {
      const answer = await post('SELECT 1', setting);
      expect(answer.headers.get('x-clickhouse-exception-code'), setting).toBe('164');
    }
    expect(await (await post("SELECT getSetting('readonly')", 'readonly=0')).text()).toBe('1\n');
  });

  it('holds GET to reading even where writing is allowed', async () => {
    const answer = await fetch(`${writing.value.url}/?query=${encodeURIComponent('TRUNCATE TABLE numbers_10')}`);
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('164');
  });

  it('keeps writers inside the database, too', async () => {
    for (const sql of [
      "INSERT INTO dead_letters (value) SELECT * FROM file('/etc/passwd', 'LineAsString', 'l String')",
      "INSERT INTO dead_letters (value) FROM INFILE '/etc/passwd' FORMAT LineAsString",
      "INSERT INTO dead_letters (value) SELECT file('/etc/passwd')",
      `INSERT INTO FUNCTION file('${outside}', 'CSV', 'a Int8') SELECT 1`,
      `INSERT INTO FUNCTION url('${trapUrl}/x', 'CSV', 'a Int8') SELECT 1`,
      "CREATE TABLE evil (l String) ENGINE = File(CSV, '/etc/passwd')",
      `CREATE TABLE evil (l String) ENGINE = URL('${trapUrl}/x', 'LineAsString')`,
      'CREATE DATABASE elsewhere',
      'GRANT ALL ON *.* TO default',
      'SYSTEM SHUTDOWN',
    ]) {
      const answer = await fetch(writing.value.url, { method: 'POST', body: sql });
      expect(answer.headers.get('x-clickhouse-exception-code'), `${sql}: ${await answer.text()}`).toMatch(
        /^(164|497)$/,
      );
    }
    expect(existsSync(outside)).toBe(false);
    expect(called).toEqual([]);
  });
});

describe('users', () => {
  it('knows them by Basic, headers or parameters, and nobody else', async () => {
    const users = { grafana: 'pass:word' };
    const guarded = await startSqlEndpoint({ engine: warehouse.engine, port: 0, users });
    const ask = (query: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${guarded.value.url}/?query=SELECT%201&${query}`, { headers });
    const basic = (text: string): Record<string, string> => ({
      Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    expect((await ask('', basic('grafana:pass:word'))).status).toBe(200);
    expect((await ask('', { 'X-ClickHouse-User': 'grafana', 'X-ClickHouse-Key': 'pass:word' })).status).toBe(200);
    expect((await ask('user=grafana&password=pass%3Aword', {})).status).toBe(200);
    for (const refused of [
      await ask('', {}),
      await ask('', basic('grafana:wrong')),
      await ask('', basic('default:')),
      await ask('', basic('toString:')),
    ]) {
      expect([refused.status, refused.headers.get('x-clickhouse-exception-code')]).toEqual([403, '516']);
    }
    expect((await fetch(`${guarded.value.url}/ping`)).status).toBe(200);
    await guarded.stop();
  });
});

describe('@clickhouse/client', () => {
  it('queries, streams, binds, inserts and pings', async () => {
    const client = createClient({ url: writing.value.url, compression: { response: true, request: true } });
    expect(await client.ping()).toMatchObject({ success: true });
    expect(await client.ping({ select: true })).toMatchObject({ success: true });
    const result = await client.query({
      query: 'SELECT n FROM weir.numbers_10 WHERE n < {limit:UInt8} ORDER BY n',
      format: 'JSONEachRow',
      query_params: { limit: 2 },
    });
    expect(await result.json()).toEqual([{ n: '0' }, { n: '1' }]);
    const whole = await client.query({ query: 'SELECT 1 AS a', format: 'JSON' });
    expect(await whole.json()).toMatchObject({ rows: 1, data: [{ a: 1 }] });

    await client.command({ query: 'CREATE TABLE weir.client_rows (a UInt32, b String) ENGINE = MergeTree ORDER BY a' });
    const values = Array.from({ length: 1000 }, (_unused, a) => ({ a, b: `row ${a} 漢字 \t\n'` }));
    await client.insert({ table: 'weir.client_rows', values, format: 'JSONEachRow' });
    await client.command({ query: "INSERT INTO weir.client_rows VALUES (1000, 'inline')" });
    const rows = await client.query({ query: 'SELECT * FROM weir.client_rows ORDER BY a', format: 'JSONEachRow' });
    const read: unknown[] = [];
    for await (const chunk of rows.stream()) for (const row of chunk) read.push(row.json());
    expect(read).toEqual([...values, { a: 1000, b: 'inline' }]);
    await client.close();
  });

  it('sees exceptions by number, before and in the middle of a stream', async () => {
    const client = createClient({ url: reading.value.url, log: { level: ClickHouseLogLevel.OFF } });
    await expect(client.query({ query: 'SELECT * FROM nothing' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(client.command({ query: 'DROP TABLE weir.numbers_10' })).rejects.toMatchObject({
      code: '164',
      type: 'READONLY',
    });
    const result = await client.query({
      query: 'SELECT number, throwIf(number = 2000000) FROM numbers(3000000)',
      format: 'JSONEachRow',
    });
    const drain = async (): Promise<void> => {
      for await (const chunk of result.stream()) void chunk;
    };
    await expect(drain()).rejects.toMatchObject({ code: '395' });
    await client.close();
  });
});
