import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { GoogleGenAI } from '@google/genai';
import { picoFromText, picoToText, type Started } from '@weir/kernel';
import { embeddedPriceBook, priceUsage } from '@weir/pricing';
import { findProvider } from '@weir/providers';
import { type ReplayProvider, startReplayProvider, waitFor } from '@weir/testkit';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UNPRICED_QUERY } from '../../packages/weir/src/price/unpriced-models.ts';
import { type RunningWeir, waitForRows } from './running-weir.ts';

/** A Weir under test, in whatever size. */
export type MainJobWeir = Pick<RunningWeir, 'ingressUrl' | 'sqlUrl' | 'consoleUrl' | 'query' | 'stop'> & {
  /** Whether `sqlUrl` refuses everything but queries. */
  readonly sqlReadOnly: boolean;
  /** Prometheus text in which the loader is. */
  readonly loaderMetrics: () => Promise<string>;
};

const execute = promisify(execFile);

let replay: Started<ReplayProvider>;
let weir: MainJobWeir;

const metadata = (feature: string) => ({
  'cf-aig-metadata': JSON.stringify({ feature, user: 'u-1', env: 'test', plan: 'pro' }),
});
const tool = {
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const;

async function callOpenAi(): Promise<number> {
  const openai = new OpenAI({ baseURL: `${weir.ingressUrl}/openai/v1`, apiKey: 'sk-secret-openai', maxRetries: 0 });
  const messages = [
    { role: 'system' as const, content: 'You are terse. '.repeat(50) },
    { role: 'user' as const, content: 'Say hi' },
  ];
  const options = { headers: metadata('chat') };
  const plain = await openai.chat.completions.create({ model: 'gpt-4o', messages }, options);
  expect(plain.usage?.total_tokens).toBeGreaterThan(0);
  const stream = await openai.chat.completions.create(
    { model: 'gpt-4o-mini', messages, stream: true, stream_options: { include_usage: true } },
    options,
  );
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text.length).toBeGreaterThan(0);
  const withTools = await openai.chat.completions.create(
    { model: 'gpt-4o', messages, tools: [{ type: 'function', function: tool }], tool_choice: 'required' },
    options,
  );
  expect(withTools.choices[0]?.message.tool_calls?.length).toBeGreaterThan(0);
  const response = await openai.responses.create({ model: 'gpt-4o', input: 'Say hi' }, options);
  expect(response.usage?.total_tokens).toBeGreaterThan(0);
  const events = await openai.responses.create({ model: 'gpt-4o', input: 'Say hi', stream: true }, options);
  const kinds: string[] = [];
  for await (const event of events) kinds.push(event.type);
  expect(kinds.at(-1)).toBe('response.completed');
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'weir' }, options);
  const refused = openai.chat.completions.create(
    { model: 'gpt-4o', messages },
    { headers: { ...metadata('chat'), 'x-replay-fault': 'status=429' } },
  );
  await expect(refused).rejects.toMatchObject({ status: 429 });
  return 7;
}

async function callAnthropic(): Promise<number> {
  const anthropic = new Anthropic({
    baseURL: `${weir.ingressUrl}/anthropic`,
    apiKey: 'sk-secret-anthropic',
    maxRetries: 0,
  });
  const request = {
    model: 'claude-sonnet-4-6',
    max_tokens: 128,
    system: [
      { type: 'text' as const, text: 'Review code. '.repeat(400), cache_control: { type: 'ephemeral' as const } },
    ],
    messages: [{ role: 'user' as const, content: 'Is `x = x` useful?' }],
  };
  const options = { headers: metadata('review') };
  const first = await anthropic.messages.create(request, options);
  expect(first.usage.output_tokens).toBeGreaterThan(0);
  const second = await anthropic.messages.create(request, options);
  expect(second.usage.cache_read_input_tokens).toBeGreaterThan(0);
  const final = await anthropic.messages.stream(request, options).finalMessage();
  expect(final.usage.output_tokens).toBeGreaterThan(0);
  const withTools = await anthropic.messages.create(
    {
      ...request,
      tools: [
        { name: tool.name, description: tool.description, input_schema: { ...tool.parameters, required: ['city'] } },
      ],
      tool_choice: { type: 'any' },
    },
    options,
  );
  expect(withTools.content.some((block) => block.type === 'tool_use')).toBe(true);
  const overloaded = anthropic.messages.create(request, {
    headers: { ...metadata('review'), 'x-replay-fault': 'status=529' },
  });
  await expect(overloaded).rejects.toMatchObject({ status: 529 });
  return 5;
}

async function callGoogle(): Promise<number> {
  const google = new GoogleGenAI({
    apiKey: 'secret-google',
    httpOptions: { baseUrl: `${weir.ingressUrl}/google-ai-studio`, headers: metadata('search') },
  });
  const answer = await google.models.generateContent({ model: 'gemini-2.5-flash', contents: 'Say hi' });
  expect(answer.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
  const stream = await google.models.generateContentStream({ model: 'gemini-2.5-pro', contents: 'Say hi' });
  let chunks = 0;
  for await (const chunk of stream) chunks += chunk.text === undefined ? 0 : 1;
  expect(chunks).toBeGreaterThan(0);
  return 2;
}

interface Sums {
  readonly n: string;
  readonly input: string;
  readonly output: string;
  readonly cached: string;
  readonly usd: string;
  readonly unknown: string;
}

const SUMS = `count() AS n, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cache_read_tokens) AS cached,
  sum(cost_usd) AS usd, countIf(cost_usd IS NULL) AS unknown`;

/** Every call has one row; sums and the rollup equal what was served, to the last digit. */
async function expectExactRows(): Promise<void> {
  const calls = (await callOpenAi()) + (await callAnthropic()) + (await callGoogle());
  await waitForRows(weir, calls);

  const served = replay.value.served;
  expect(served).toHaveLength(calls);
  const billed = served.flatMap((response) =>
    response.usage === null ? [] : [{ ...response, usage: response.usage }],
  );
  const total = (pick: (entry: (typeof billed)[number]) => number): string =>
    String(billed.reduce((sum, entry) => sum + pick(entry), 0));
  const expected = billed.reduce((sum, { provider, model, usage }) => {
    const { total: cost } = priceUsage(embeddedPriceBook(), {
      provider: findProvider(provider)?.pricingProvider ?? null,
      responseModel: model,
      requestModel: model,
      at: Date.now(),
      serviceTier: '',
      region: '',
      usage,
    });
    expect(cost, `${provider}/${model} has a price`).not.toBeNull();
    return sum + (cost ?? 0n);
  }, 0n);

  const [sums] = await weir.query<Sums>(`SELECT ${SUMS} FROM requests`);
  expect(sums).toMatchObject({
    n: String(calls),
    input: total(({ usage }) => usage.inputTokens),
    output: total(({ usage }) => usage.outputTokens),
    cached: total(({ usage }) => usage.cacheReadTokens),
    unknown: '0',
  });
  expect(picoToText(picoFromText(sums?.usd ?? ''))).toBe(picoToText(expected));

  // The same sums from the rollup, and a rate that anyone can check: gpt-4o is 2.50 in, 1.25 cached, 10.00 out per million.
  const rollup = 'SELECT sum(cost_usd) AS usd, sum(requests) AS n FROM usage_1m';
  await vi.waitFor(async () => expect(await weir.query(rollup)).toEqual([{ usd: sums?.usd, n: sums?.n }]), 10_000);
  const rows = await weir.query<{ input: string; cached: string; output: string; usd: string }>(
    `SELECT input_tokens AS input, cache_read_tokens AS cached, output_tokens AS output, cost_usd AS usd
   FROM requests WHERE provider = 'openai' AND startsWith(response_model, 'gpt-4o') AND NOT startsWith(response_model, 'gpt-4o-mini') AND status = 200`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { input, cached, output, usd } of rows) {
    const pico =
      (BigInt(input) - BigInt(cached)) * 2_500_000n + BigInt(cached) * 1_250_000n + BigInt(output) * 10_000_000n;
    expect(picoFromText(usd)).toBe(pico);
  }
}

/** `weir explain` of a booked row, as a user runs it. */
async function expectExplained(): Promise<void> {
  const priced = `SELECT request_id AS id, cost_usd AS usd FROM requests WHERE cost_source = 'computed' ORDER BY id LIMIT 1`;
  const [row] = await weir.query<{ id: string; usd: string }>(priced);
  const cli = join(import.meta.dirname, '../../packages/weir/src/main.ts');
  const env = { ...process.env, WEIR_WAREHOUSE_URL: weir.sqlUrl };
  const explain = async (...more: string[]): Promise<string> =>
    (await execute(process.execPath, [cli, 'explain', row?.id ?? '', ...more], { env })).stdout;
  const answer = JSON.parse(await explain('--json')) as { cost_usd: string; lines: { amount: string }[] };
  expect(picoFromText(answer.cost_usd)).toBe(picoFromText(row?.usd ?? ''));
  expect(answer.lines.reduce((sum, line) => sum + picoFromText(line.amount), 0n)).toBe(picoFromText(answer.cost_usd));
  expect(await explain()).toMatch(/tokens × [\d.]+ ÷ 1000000 = [\d.]+ {3}\[[a-z_]+\//);
}

/** What docs/pricing.md and `weir doctor` ask of the ledger: it has no drift of reported costs and no model without a price. */
async function expectPricesChecked(): Promise<void> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/pricing.md'), 'utf8');
  const queries = [...page.matchAll(/```sql\n([^`]+);\n```/g)].map(([, query = '']) => query);
  expect(queries).toHaveLength(1);
  for (const query of queries) expect(await weir.query(query)).toEqual([]);
  expect(await weir.query(UNPRICED_QUERY)).toEqual([]);
}

/** The vendor's own client asks, and may not write where the endpoint says so. */
async function expectClickHouseClient(): Promise<void> {
  const client = createClient({ url: weir.sqlUrl, database: 'weir', log: { level: ClickHouseLogLevel.OFF } });
  const result = await client.query({
    query: 'SELECT provider, count() AS n FROM requests GROUP BY provider ORDER BY provider',
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ provider: string; n: string }>();
  expect(rows.map(({ provider }) => provider)).toEqual(['anthropic', 'google-ai-studio', 'openai']);
  if (weir.sqlReadOnly) {
    await expect(client.command({ query: 'DROP TABLE requests' })).rejects.toMatchObject({
      code: '164',
      type: 'READONLY',
    });
  }
  await client.close();
}

/** The main job, whole: calls of the official SDKs become exact rows. `start` gives a Weir whose providers are at a URL. */
export function describeMainJob(size: string, start: (providerUrl: string) => Promise<MainJobWeir>): void {
  beforeAll(async () => {
    replay = await startReplayProvider();
    weir = await start(replay.value.url);
  }, 240_000);
  afterAll(async () => {
    await weir?.stop();
    await replay?.stop();
  });

  describe(`I3 I4 I5 the main job, ${size}`, () => {
    it('turns every call of the official SDKs into an exact row', expectExactRows);

    it('carries dimensions, errors and lineage on the row', async () => {
      const [row] = await weir.query<Record<string, unknown>>(
        'SELECT feature, user_id, env, tags, outcome, error_type, cost_source, cost_usd FROM requests WHERE status = 429',
      );
      expect(row).toMatchObject({
        feature: 'chat',
        user_id: 'u-1',
        env: 'test',
        tags: { plan: 'pro' },
        outcome: 'rate_limited',
        error_type: 'rate_limited',
        cost_source: 'none',
      });
      expect(picoFromText(String(row?.['cost_usd']))).toBe(0n);
    });

    it('I4 I6 spells out the cost of a row: its lines come to what was booked', expectExplained);

    it('I5 can be asked for what has no price or another one than was told', expectPricesChecked);

    it('I8 holds no credential anywhere in the warehouse', async () => {
      await waitFor(
        async () =>
          (await weir.query<{ n: string }>('SELECT count() AS n FROM payloads'))[0]?.n ===
          String(replay.value.served.length),
        { what: 'the payloads', timeoutMs: 20_000 },
      );
      const tables = ['requests', 'payloads', 'dead_letters'];
      for (const table of tables) {
        const rows = await weir.query<{ text: string }>(`SELECT formatRow('JSONEachRow', *) AS text FROM ${table}`);
        expect(JSON.stringify(rows)).not.toMatch(/sk-secret|secret-google/);
      }
    });

    it('answers @clickhouse/client', expectClickHouseClient);

    it('serves the console page and its numbers', async () => {
      const page = await fetch(weir.consoleUrl);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('Weir');
      const ready = await fetch(`${weir.ingressUrl}/readyz`);
      expect(ready.status).toBe(200);
      expect(await weir.loaderMetrics()).toMatch(/weir_loader_rows_total\{table="requests"\} \d+/);
    });
  });
}
