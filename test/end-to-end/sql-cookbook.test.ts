import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishRates } from '@weir/cost';
import { createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { embeddedPriceBook } from '@weir/pricing';
import { tempDirectory } from '@weir/testkit';
import type { Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Cost = typeof GOLDEN_EVENTS.cost;
const codec = createCodec('cost');
const FRAME_BYTES = 10;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MICRO = 1_000_000n;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const yesterday = today - DAY_MS;
const uuid = (index: number): string => `019a1b2c-3d4e-7f00-8000-${index.toString(16).padStart(12, '0')}`;
const text = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** A call of `input` tokens, `cached` of them read from the provider's cache, at 2 and 1 and 10 USD per million. */
function call(index: number, ts: number, { input = 0, cached = 0, output = 0 }, more: Partial<Cost> = {}): Cost {
  const usage = {
    ...(input > cached ? { input: input - cached } : {}),
    ...(cached > 0 ? { cache_read: cached } : {}),
    output,
  };
  const rates = { input: 2n, cache_read: 1n, output: 10n };
  const lines = Object.entries(usage).map(([name, quantity]) => {
    const rate = rates[name as keyof typeof rates];
    const amount_usd = BigInt(quantity) * rate * MICRO;
    return { class: name, quantity, unit: 'token', rate_usd: String(rate), per: 1_000_000, rate_id: 'r', amount_usd };
  });
  const sum = (name: string): bigint => lines.find((line) => line.class === name)?.amount_usd ?? 0n;
  return {
    ...GOLDEN_EVENTS.cost,
    request_id: uuid(index),
    parent_id: `p${index}`,
    ts,
    attempt: 1,
    step: 0,
    env: 'production',
    feature: 'chat',
    user_id: 'ann',
    session_id: 's',
    provider: 'openai',
    pricing_provider: 'openai',
    request_model: 'gpt-4o',
    response_model: 'gpt-4o',
    prompt_fp: 'aaaaaaaaaaaaaaaa',
    outcome: 'ok',
    cache_status: 'none',
    duration_ms: 1_000,
    ttfb_ms: 200,
    overhead_us: 50,
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    cache_read_tokens: cached,
    cache_write_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
    usage,
    usage_source: 'reported',
    cost_usd: lines.reduce((total, line) => total + line.amount_usd, 0n),
    cost_input_usd: sum('input'),
    cost_cache_read_usd: sum('cache_read'),
    cost_cache_write_usd: 0n,
    cost_output_usd: sum('output'),
    cost_other_usd: 0n,
    cost_reported_usd: null,
    cost_saved_usd: 0n,
    cost_source: 'computed',
    unpriced_reason: '',
    cost_lines: lines,
    source_offset: index,
    ...more,
  };
}

const NOTHING = {
  cost_usd: null,
  cost_source: 'unpriced' as const,
  cost_lines: [],
  cost_input_usd: 0n,
  cost_output_usd: 0n,
};
/** 0.003, 0.003, 0.006 and 0.0125 USD yesterday; 0.024, 0.024 twice tried, a hit, and an unknown one today. */
const rows: readonly Cost[] = [
  call(1, yesterday + HOUR_MS, { input: 1_000, output: 100 }),
  call(2, yesterday + HOUR_MS + 1, { input: 1_000, output: 100 }),
  call(3, yesterday + 2 * HOUR_MS, { input: 2_000, output: 200 }, { prompt_fp: 'bbbbbbbbbbbbbbbb' }),
  call(
    4,
    yesterday + 3 * HOUR_MS,
    { input: 10_000, cached: 7_500, output: 0 },
    { feature: 'search', user_id: 'bob', prompt_fp: 'cccccccccccccccc' },
  ),
  call(
    5,
    today,
    { input: 2_000, output: 2_000 },
    { reasoning_tokens: 500, user_id: 'cid', session_id: 't', prompt_fp: 'bbbbbbbbbbbbbbbb' },
  ),
  call(
    6,
    today + 1,
    { input: 2_000, output: 2_000 },
    { parent_id: 'p7', session_id: 't', outcome: 'rate_limited', prompt_fp: '' },
  ),
  call(7, today + 2, { input: 2_000, output: 2_000 }, { attempt: 2, session_id: 't', prompt_fp: '' }),
  call(
    8,
    today + 3,
    { output: 0 },
    {
      cache_status: 'hit',
      cost_usd: 0n,
      cost_saved_usd: 24n * 10n ** 9n,
      cost_source: 'none',
      cost_lines: [],
      usage: {},
      prompt_fp: '',
    },
  ),
  call(
    9,
    today + 4,
    { input: 5, output: 5 },
    { ...NOTHING, response_model: 'house-model', unpriced_reason: 'unknown_model', prompt_fp: '' },
  ),
];

let warehouse: Warehouse;
let stop: () => Promise<void>;
beforeAll(async () => {
  const folder = await tempDirectory();
  warehouse = await openChdbWarehouse({ directory: folder.value });
  stop = async () => {
    await warehouse.close();
    await folder.stop();
  };
  await warehouse.migrate();
  const bodies = rows.map((row) => codec.encode(row).subarray(FRAME_BYTES));
  const offsets = rows.map((_row, index) => index);
  await warehouse.insert({
    table: 'requests',
    token: 'rows',
    rows: { kind: 'avro', schema: EVENTS.cost.schema, bodies, partition: 0, offsets },
  });
  const payload = {
    request_id: uuid(1),
    ts: text(yesterday),
    account: 'a',
    request_body: '{"q":1}',
    response_body: '{"a":2}',
  };
  await warehouse.insert({ table: 'payloads', token: 'p', rows: { kind: 'json', values: [payload] } });
  const budget = {
    budget_id: 'monthly',
    scope_key: '',
    period_start: text(today),
    period_end: text(today + 30 * DAY_MS),
  };
  const state = { ...budget, limit_usd: '10', spent_usd: '2.5', updated_at: text(today + HOUR_MS), version: 1 };
  await warehouse.insert({ table: 'budget_states', token: 'b', rows: { kind: 'json', values: [state] } });
  await publishRates(warehouse, embeddedPriceBook());
  // A correction: the first call of yesterday cost 0.001 USD more.
  const { account, gateway, env, feature, user_id, api_key_id, prompt_fp, provider } = rows[0] ?? GOLDEN_EVENTS.cost;
  const dimensions = { account, gateway, env, feature, user_id, api_key_id, prompt_fp, provider, model: 'gpt-4o' };
  const cost_lines = [
    {
      class: 'input',
      quantity: 1_000,
      unit: 'token',
      rate_usd: '4',
      per: 1_000_000,
      rate_id: 'r2',
      amount_usd: '0.004',
    },
  ];
  const correction = {
    ...dimensions,
    request_id: uuid(1),
    ts: text(yesterday + HOUR_MS),
    revision: 2,
    delta_usd: '0.001',
    delta_input_usd: '0.001',
    unpriced_delta: 0,
    cost_source: 'computed',
    cost_usd: '0.004',
    cost_lines,
    created_at: text(today),
  };
  await warehouse.insert({ table: 'cost_adjustments', token: 'c', rows: { kind: 'json', values: [correction] } });
});
afterAll(() => stop());

/** The blocks of the cookbook, by the number or title of their section. */
const blocks = new Map<string, string[]>();
for (const section of readFileSync(join(import.meta.dirname, '../../docs/sql-cookbook.md'), 'utf8')
  .split(/^## /m)
  .slice(1)) {
  const title = /^\d+/.exec(section)?.[0] ?? section.split('\n')[0] ?? '';
  blocks.set(
    title,
    [...section.matchAll(/```sql\n([\s\S]*?);\n```/g)].map((match) => match[1] ?? ''),
  );
}
const before = text(yesterday + HOUR_MS).slice(0, 19);
const after = text(yesterday + 2 * HOUR_MS).slice(0, 19);

async function answer(title: string, index = 0): Promise<Record<string, unknown>[]> {
  const sql = blocks.get(title)?.[index] ?? 'no such block';
  const all = { id: uuid(1), session: 't', before, after };
  const params = Object.fromEntries(Object.entries(all).filter(([name]) => sql.includes(`{${name}:`)));
  const settings = { output_format_json_quote_64bit_integers: 0 };
  return (await warehouse.query(sql, { params, settings, readonly: true })).rows();
}

describe('I4 I5 the SQL cookbook', () => {
  const sameMonth = new Date(today).getUTCDate() > 1;
  it('has the fifteen questions, and each has SQL', () => {
    expect([...blocks.keys()].slice(0, 15)).toEqual(Array.from({ length: 15 }, (_unused, index) => String(index + 1)));
    expect([...blocks.values()].every((list) => list.length > 0)).toBe(true);
  });

  it('1 spend, and where the month ends', async () => {
    const [row] = await answer('1');
    expect(row).toMatchObject({ today_usd: '0.072', yesterday_usd: '0.0255', unknown: 1 });
    expect(row).toMatchObject({
      month_usd: sameMonth ? '0.0975' : '0.072',
      last_month_usd: sameMonth ? '0' : '0.0255',
    });
    const days = new Date(
      Date.UTC(new Date(today).getUTCFullYear(), new Date(today).getUTCMonth() + 1, 0),
    ).getUTCDate();
    expect(Number(row?.['forecast_usd'])).toBeCloseTo(
      (Number(row?.['month_usd']) * days) / new Date(today).getUTCDate(),
      9,
    );
  });
  it('2 models', async () => {
    expect(await answer('2')).toEqual([
      { provider: 'openai', model: 'gpt-4o', usd: '0.0975', calls: 8, unknown: 0 },
      { provider: 'openai', model: 'house-model', usd: '0', calls: 1, unknown: 1 },
    ]);
  });
  it('3 features', async () => {
    expect(await answer('3')).toEqual([
      { feature: 'chat', env: 'production', usd: '0.085', calls: 8 },
      { feature: 'search', env: 'production', usd: '0.0125', calls: 1 },
    ]);
  });
  it('4 users', async () => {
    const found = await answer('4');
    expect(found.map(({ user_id, usd }) => [user_id, usd])).toEqual([
      ['ann', '0.061'],
      ['cid', '0.024'],
      ['bob', '0.0125'],
    ]);
    expect(Number(found[0]?.['times_the_median'])).toBeCloseTo(0.061 / 0.024, 6);
  });
  it('5 why an hour differs from the one before: the parts are the whole', async () => {
    const [row = {}] = await answer('5');
    // Two calls of 0.007 in all, then one of 0.006: half the calls, twice the tokens, at what was 0.0035 for 1,100 tokens.
    expect(row).toMatchObject({
      difference_usd: '-0.001',
      volume_usd: '-0.0035',
      mix_usd: '0',
      tokens_usd: '0.0035',
      cache_usd: '0',
      price_usd: '-0.001',
    });
  });
  it('6 prompts: which change moved the bill', async () => {
    const found = await answer('6');
    expect(
      found.map((row) => [row['feature'], row['prompt_fp'], row['requests'], row['cost_per_request_usd']]),
    ).toEqual([
      ['chat', 'bbbbbbbbbbbbbbbb', 2, '0.015'],
      ['chat', 'aaaaaaaaaaaaaaaa', 2, '0.0035'],
      ['search', 'cccccccccccccccc', 1, '0.0125'],
    ]);
    expect(found[0]).toMatchObject({
      more_per_request_usd: '0.0115',
      moved_usd: '0.023',
      input_tokens_per_request: 2_000,
    });
  });
  it('7 caches', async () => {
    expect(await answer('7')).toEqual([
      { feature: 'chat', gateway_usd: '0.024', provider_usd: '0', unknown: 0 },
      { feature: 'search', gateway_usd: '0', provider_usd: '0.0075', unknown: 0 },
    ]);
    expect(await answer('7', 1)).toEqual([
      { feature: 'chat', prompt_fp: 'bbbbbbbbbbbbbbbb', misses: 2, input_usd: '0.008' },
      { feature: 'chat', prompt_fp: 'aaaaaaaaaaaaaaaa', misses: 2, input_usd: '0.005' },
    ]);
  });
  it('8 latency and 9 errors', async () => {
    const slow = { ms: [1_000, 1_000, 1_000, 1_000], first_byte_ms: 200, own_us: 50 };
    expect(await answer('8')).toEqual([
      { model: 'gpt-4o', ...slow },
      { model: 'house-model', ...slow },
    ]);
    expect(await answer('9')).toEqual([{ provider: 'openai', calls: 9, failed: 1, limited: 1, percent: 11.1 }]);
  });
  it('10 one call', async () => {
    expect(await answer('10')).toEqual([{ request_body: '{"q":1}', response_body: '{"a":2}' }]);
    expect(await answer('10', 1)).toMatchObject([
      { 'l.class': 'input', 'l.rate_usd': '4', 'l.amount_usd': '0.004', 'l.rate_id': 'r2' },
    ]);
  });
  it('11 sessions and retries', async () => {
    expect(await answer('11')).toEqual([{ session_id: 't', attempts: 3, usd: '0.072', unknown: 0 }]);
    expect(await answer('11', 1)).toEqual([{ feature: 'chat', calls: 1, attempts: 2, retried_usd: '0.024' }]);
  });
  it('12 reasoning, 13 unknown, 14 budgets', async () => {
    expect(await answer('12')).toMatchObject([
      { model: 'gpt-4o', output: 4_400, reasoning_percent: 11.4 },
      { model: 'house-model' },
    ]);
    expect(await answer('13')).toEqual([
      {
        provider: 'openai',
        model: 'house-model',
        unpriced_reason: 'unknown_model',
        usage_source: 'reported',
        calls: 1,
      },
    ]);
    expect(await answer('14')).toMatchObject([
      { budget_id: 'monthly', percent: 25, runs_out_at: text(today + 4 * HOUR_MS) },
    ]);
  });
  it('15 another model, to the last digit', async () => {
    // gpt-4o-mini: 0.15 in, 0.075 cached, 0.6 out: 10,000 fresh, 7,500 cached, 6,400 out, less what was never asked.
    const fresh = 1_000 + 1_000 + 2_000 + 2_500 + 3 * 2_000;
    const usd = (fresh * 150 + 7_500 * 75 + (400 + 6_000) * 600) / 1e9;
    const [chat, house] = await answer('15');
    expect(chat).toMatchObject({ model: 'gpt-4o', calls: 7, usd: '0.0975', instead_usd: String(usd), unknown: 0 });
    expect(house).toMatchObject({ model: 'house-model', calls: 1, instead_usd: '0.00000375', unknown: 0 });
  });
  it('list and net, and FOCUS with its corrections', async () => {
    expect(await answer('List and net')).toEqual([
      { provider: 'openai', list: '0.0975', discount: '0', net: '0.0975' },
    ]);
    const charges = await answer('For finance: FOCUS 1.2');
    expect(charges.map(({ ChargeClass, usd }) => [ChargeClass, usd])).toEqual([
      ['Correction', '0.001'],
      [null, '0.0965'],
    ]);
  });
  it('entries add up to the corrected ledger', async () => {
    const sql =
      "SELECT sum(amount_usd) AS corrected, sumIf(amount_usd, entry = 'booked') AS booked, sum(unpriced) AS unknown FROM ledger_entries";
    expect((await warehouse.query(sql)).rows()).toEqual([{ corrected: '0.0975', booked: '0.0965', unknown: '1' }]);
  });
});
