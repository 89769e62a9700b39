/** The API against the real engine and the real migrations. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUuidV7, picoFromText, picoToText } from '@weir/kernel';
import { createLogger } from '@weir/telemetry';
import { type ChdbWarehouse, openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BreakdownAnswer, OverviewAnswer, RequestAnswer, RequestsAnswer, SeriesAnswer } from './api/answers.ts';
import { createConsole } from './create-console.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;
const HOSTILE = 'it\'s \\ "odd" {x:String} ; -- \n\t ü€𝄞';

interface LedgerRow {
  readonly id: string;
  readonly atMs: number;
  readonly model: string;
  readonly cost: string | null;
  readonly outcome?: string;
  readonly feature?: string;
  readonly revision?: number;
  readonly parent?: string;
}

const moment = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

describe('console on the ClickHouse engine', () => {
  let directory = '';
  let warehouse: ChdbWarehouse;
  let url = '';
  let stopConsole = async (): Promise<void> => {};
  const rows: LedgerRow[] = [];

  async function insert(row: LedgerRow): Promise<void> {
    const { id, atMs, model, cost, outcome = 'ok', feature = '', revision = 1, parent = id } = row;
    await warehouse.execute(
      `INSERT INTO weir.requests (request_id, parent_id, attempt, ts, account, gateway, feature, revision, provider,
         request_model, response_model, outcome, status, duration_ms, ttfb_ms, input_tokens, output_tokens, cost_usd,
         cost_source, cost_lines, usage_raw)
       SELECT {id:UUID}, {parent:String}, 1, {ts:DateTime64(3, 'UTC')}, 'default', 'default', {feature:String},
         {revision:Int32}, 'openai', {model:String}, if({outcome:String} = 'ok', {model:String}, ''), {outcome:String},
         200, 1000, 100, 9007199254740, 5, {cost:Nullable(Decimal(18, 12))}, 'computed',
         [('input', 3, 'token', '0.1', 1000000, 'rate-1', {cost:Nullable(Decimal(18, 12))})],
         '{"total":1.10,  "n": 12345678901234567890}'`,
      { params: { id, parent, ts: moment(atMs), feature, revision, model, outcome, cost } },
    );
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-console-'));
    warehouse = await openChdbWarehouse({ directory });
    await warehouse.migrate();
    const nextId = (atMs: number): string => createUuidV7(() => atMs)();
    const add = (minutesAgo: number, row: Omit<LedgerRow, 'id' | 'atMs'>): void => {
      const atMs = NOW - minutesAgo * MINUTE;
      rows.push({ id: nextId(atMs), atMs, ...row });
    };
    for (let model = 0; model < 10; model += 1) add(5 + model, { model: `m${model}`, cost: `${model}.000000000001` });
    add(5, { model: 'm9', cost: '123456.789', outcome: 'rate_limited', feature: HOSTILE });
    add(5, { model: 'm9', cost: '0.000000000003', outcome: 'cancelled' });
    add(30, { model: 'dark', cost: null });
    add(90, { model: 'm1', cost: '1.5' });
    for (const row of rows) await insert(row);
    // A correction beside the first pricing: the sums count the request once.
    const [first] = rows;
    if (first !== undefined) await insert({ ...first, cost: '77', revision: 2 });
    const started = await createConsole(
      { host: '127.0.0.1', port: 0 },
      {
        warehouse,
        logger: createLogger({ name: 'test', level: 'silent', format: 'json' }),
        clock: { now: () => NOW, monotonic: () => performance.now() },
      },
    );
    url = started.value.url;
    stopConsole = started.stop;
  });

  afterAll(async () => {
    await stopConsole();
    await warehouse.close();
    await rm(directory, { recursive: true });
  });

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(url + path);
    const body = await response.json();
    expect(response.status, JSON.stringify(body)).toBe(200);
    return body as T;
  }

  const within = (minutes: number): LedgerRow[] => rows.filter((row) => row.atMs >= NOW - minutes * MINUTE);
  const spendOf = (some: readonly LedgerRow[]): string =>
    picoToText(some.reduce((sum, row) => sum + picoFromText(row.cost ?? '0'), 0n));

  it('sums to the last digit, leaves unknown costs out and counts them (I4, I5)', async () => {
    const { totals, previous } = await get<OverviewAnswer>('/api/overview?from=now-1h');
    expect(totals).toMatchObject({ requests: 13, spend_usd: spendOf(within(60)), unpriced: 1, errors: 1 });
    expect(totals.spend_usd).toBe('123501.789000000013');
    expect(totals.tokens_in).toBe(13 * 9007199254740);
    expect(totals.latency_ms).toEqual({ p50: 1000, p95: 1000, p99: 1000 });
    expect(previous).toMatchObject({ requests: 1, spend_usd: '1.5', unpriced: 0 });
    const unknown = await get<OverviewAnswer>('/api/overview?from=now-1h&model=dark');
    expect(unknown.totals).toMatchObject({ requests: 1, spend_usd: null, unpriced: 1 });
  });

  it('draws the eight largest keys and the rest as one, and they add up to the total', async () => {
    const answer = await get<SeriesAnswer>('/api/series?from=now-1h&by=model&step=300');
    expect(answer.series.map((one) => (one.other ? 'other' : one.name))).toEqual([
      'm9',
      'm8',
      'm7',
      'm6',
      'm5',
      'm4',
      'm3',
      'm2',
      'other',
    ]);
    const total = answer.series.reduce((sum, one) => sum + picoFromText(`${one.total ?? '0'}`), 0n);
    expect(picoToText(total)).toBe(spendOf(within(60)));
    expect(answer.unpriced).toBe(1);
    expect(answer.slots).toHaveLength(12);
    const requests = await get<SeriesAnswer>('/api/series?from=now-2h&by=outcome&measure=requests');
    expect(requests.series.map(({ name, total: n }) => [name, n])).toEqual([
      ['ok', 12],
      ['cancelled', 1],
      ['rate_limited', 1],
    ]);
    const latency = await get<SeriesAnswer>('/api/series?from=now-1h&by=provider&measure=latency_p95');
    expect(latency.series[0]?.values.filter((value) => value !== null).every((value) => value === 1000)).toBe(true);
  });

  it('breaks down by any dimension, most expensive first', async () => {
    const answer = await get<BreakdownAnswer>('/api/breakdown?from=now-1h&by=model&limit=3');
    expect(answer.rows.map((row) => row.name)).toEqual(['m9', 'm8', 'm7']);
    expect(answer).toMatchObject({ groups: 11, spend_usd: spendOf(within(60)) });
    expect(answer.rows[0]).toMatchObject({ requests: 3, errors: 1, spend_usd: '123465.789000000004' });
  });

  it('pages through every row once, newest first', async () => {
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: RequestsAnswer = await get(`/api/requests?limit=4${next === '' ? '' : `&before=${next}`}`);
      seen.push(...page.rows.map((row) => row.request_id));
      next = page.next;
    }
    expect(seen).toHaveLength(rows.length);
    expect(new Set(seen)).toEqual(new Set(rows.map((row) => row.id)));
    const times = seen.map((id) => rows.find((row) => row.id === id)?.atMs ?? 0);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('finds values with any characters, and nothing by a value that is not there', async () => {
    const found = await get<RequestsAnswer>(`/api/requests?feature=${encodeURIComponent(HOSTILE)}`);
    expect(found.rows.map((row) => [row.feature, row.cost_usd])).toEqual([[HOSTILE, '123456.789']]);
    const both = `feature=${encodeURIComponent(HOSTILE)}&feature=${encodeURIComponent("' OR 1=1 --")}`;
    expect((await get<RequestsAnswer>(`/api/requests?${both}`)).rows).toHaveLength(1);
    expect((await get<RequestsAnswer>(`/api/requests?feature=${encodeURIComponent("' OR 1=1 --")}`)).rows).toEqual([]);
    expect((await get<RequestsAnswer>('/api/requests?feature=')).rows).toHaveLength(rows.length - 1);
  });

  it('shows one request whole: lines, usage verbatim, bodies, attempts', async () => {
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('no rows');
    await warehouse.execute(
      `INSERT INTO weir.payloads (request_id, ts, account, gateway, request_body, response_body, truncated)
       SELECT {id:UUID}, {ts:DateTime64(3, 'UTC')}, 'default', 'default', '{"a":1}', 'data: x\\n\\n', true`,
      { params: { id: second.id, ts: moment(second.atMs) } },
    );
    await insert({ ...second, id: createUuidV7(() => second.atMs)(), parent: second.id, cost: null, feature: 'retry' });
    const answer = await get<RequestAnswer>(`/api/requests/${second.id}`);
    expect(answer.request).toMatchObject({
      request_id: second.id,
      usage_raw: '{"total":1.10,  "n": 12345678901234567890}',
      cost_usd: '1.000000000001',
    });
    expect(answer.cost_lines).toEqual([
      {
        class: 'input',
        quantity: 3,
        unit: 'token',
        rate_usd: '0.1',
        per: 1_000_000,
        rate_id: 'rate-1',
        amount_usd: '1.000000000001',
      },
    ]);
    expect(answer.payload).toEqual({ request_body: '{"a":1}', response_body: 'data: x\n\n', truncated: true });
    expect(answer.attempts.map((attempt) => attempt.cost_usd).sort()).toEqual(['1.000000000001', null]);
    const corrected = await get<RequestAnswer>(`/api/requests/${first.id}`);
    expect(corrected.request).toMatchObject({ revision: 2, cost_usd: '77' });
    expect(corrected.payload).toBeNull();
  });

  it('tells a live viewer of a row that arrives', async () => {
    const response = await fetch(`${url}/api/requests/live?feature=arrival`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const atMs = Date.now();
    const id = createUuidV7(() => atMs)();
    await insert({ id, atMs, model: 'm1', cost: '0.25', feature: 'arrival' });
    let text = '';
    while (!text.includes('event: request')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    expect(text).toContain(`id: ${id}`);
    expect(text).toContain('"cost_usd":"0.25"');
  });
});
