import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { picoFromText, type Started } from '@weir/kernel';
import { spawnNode, tempDirectory } from '@weir/testkit';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const FRAME_BYTES = 10;
const HOUR_MS = 3_600_000;
const [DAY, NEXT_DAY] = [Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 21)];
const SECONDS = { day: DAY / 1_000, next: NEXT_DAY / 1_000 };

type Cost = typeof GOLDEN_EVENTS.cost;
type Rates = Readonly<Record<string, string>>;
const codec = createCodec('cost');
let folder: Started<string>;
let made = 0;

/** A call of these quantities at these rates (USD a million, or each for searches); without rates it has no price. */
function call(
  ts: number,
  provider: string,
  model: string,
  usage: Readonly<Record<string, number>>,
  rates?: Rates,
): Cost {
  made += 1;
  const lines = Object.entries(rates ?? {}).map(([name, rate_usd]) => {
    const per = name === 'web_search' ? 1 : 1_000_000;
    const quantity = usage[name] ?? 0;
    const amount_usd = (BigInt(quantity) * picoFromText(rate_usd)) / BigInt(per);
    return { class: name, quantity, unit: 'token', rate_usd, per, rate_id: 'r', amount_usd };
  });
  const models = {
    provider,
    pricing_provider: provider,
    request_model: model,
    response_model: model,
    priced_model: model,
  };
  const sum = lines.reduce((total, { amount_usd }) => total + amount_usd, 0n);
  const counts = { input_tokens: usage['input'] ?? 0, output_tokens: usage['output'] ?? 0, cache_read_tokens: 0 };
  const none = { cost_input_usd: 0n, cost_cache_read_usd: 0n, cost_cache_write_usd: 0n, cost_output_usd: 0n };
  const usage_raw = JSON.stringify({ prompt_tokens: counts.input_tokens, completion_tokens: counts.output_tokens });
  return {
    ...GOLDEN_EVENTS.cost,
    ...models,
    ...counts,
    ...none,
    request_id: `019a1b2c-3d4e-7f00-8000-${made.toString(16).padStart(12, '0')}`,
    ts,
    feature: 'chat',
    operation: 'chat',
    region: '',
    attempt: 1,
    service_tier: 'default',
    total_tokens: counts.input_tokens + counts.output_tokens,
    reasoning_tokens: 0,
    usage,
    usage_raw,
    usage_flags: [],
    cost_other_usd: 0n,
    cost_reported_usd: null,
    cost_usd: rates === undefined ? null : sum,
    cost_source: rates === undefined ? 'unpriced' : 'computed',
    unpriced_reason: rates === undefined ? 'unknown_model' : '',
    cost_lines: lines,
    source_offset: made,
  };
}

const GPT_4O = { input: '2.5', output: '10' };
const CLAUDE = { input: '3', output: '15' };
/**
 * Two days of gpt-4o: in hour h (h + 1) × 1,000 tokens in and 100 out, so 300,000 (0.75 USD) and 2,400 (0.024 USD) a day.
 * On the first a house model without a price, Claude (24,000 and 2,400: 0.072 and 0.036 USD, a search of 0.01 USD), and
 * Claude on Bedrock (10,000 and 1,000: 0.033 and 0.0165 USD).
 */
function ledgerRows(): Cost[] {
  const rows = Array.from({ length: 48 }, (_unused, hour) => {
    const usage = { input: ((hour % 24) + 1) * 1_000, output: 100 };
    return call(DAY + hour * HOUR_MS, 'openai', 'gpt-4o-2024-08-06', usage, GPT_4O);
  });
  rows.push(call(DAY + HOUR_MS, 'openai', 'house-model', { input: 5_000 }));
  for (let hour = 0; hour < 24; hour += 1) {
    const search = hour === 0 ? { usage: { web_search: 1 }, rates: { web_search: '0.01' } } : { usage: {}, rates: {} };
    const usage = { input: 1_000, output: 100, ...search.usage };
    const at = DAY + hour * HOUR_MS;
    rows.push(call(at, 'anthropic', 'claude-sonnet-4-5-20250929', usage, { ...CLAUDE, ...search.rates }));
  }
  const bedrock = { input: '3.3', output: '16.5' };
  const usage = { input: 10_000, output: 1_000 };
  rows.push(call(DAY + 5 * HOUR_MS, 'aws-bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0', usage, bedrock));
  return rows;
}

const write = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(folder.value, name), text);
  return name;
};

beforeAll(async () => {
  folder = await tempDirectory();
  write('weir.yaml', '{"logging":{"format":"json"}}');
  const warehouse = await openChdbWarehouse({ directory: join(folder.value, 'data/warehouse') });
  await warehouse.migrate();
  const rows = ledgerRows();
  const bodies = rows.map((row) => codec.encode(row).subarray(FRAME_BYTES));
  const offsets = rows.map((_row, index) => index);
  const batch = { kind: 'avro', schema: EVENTS.cost.schema, bodies, partition: 0, offsets } as const;
  await warehouse.insert({ table: 'requests', token: 'rows', rows: batch });
  const file = (name: string) => `INSERT INTO FUNCTION file('${join(folder.value, name)}', 'Parquet')`;
  await warehouse.execute(`${file('focus.parquet')} SELECT * FROM weir.focus WHERE ProviderName = 'openai'`);
  await warehouse.execute(
    `${file('cur.parquet')} SELECT * FROM values(
      'line_item_usage_start_date DateTime, line_item_line_item_type String, line_item_product_code String,
       line_item_usage_type String, line_item_usage_amount Nullable(Float64), pricing_unit String,
       line_item_unblended_cost Decimal(18, 10), product_servicename String',
      ('2026-11-20 05:00:00', 'Usage', 'x1', 'USE1-MP:USE1_InputTokenCount-Units', 0.01, '1M tokens', 0.033, 'Claude Sonnet 4.5 (Amazon Bedrock Edition)'),
      ('2026-11-20 05:00:00', 'Usage', 'x1', 'USE1-MP:USE1_OutputTokenCount-Units', 1, '1K tokens', 0.0165, 'Claude Sonnet 4.5 (Amazon Bedrock Edition)'),
      ('2026-11-20 00:00:00', 'Tax', 'x1', '', NULL, '', 0.005, ''))`,
  );
  await warehouse.close();
}, 180_000);
afterAll(() => folder?.stop());

interface Answer {
  readonly code: number | null;
  readonly text: string;
}
async function command(...words: string[]): Promise<Answer> {
  const run = spawnNode(MAIN, [...words, '--config', join(folder.value, 'weir.yaml')], { cwd: folder.value });
  const code = await new Promise<number | null>((resolve) => run.child.once('close', resolve));
  return { code, text: run.output() };
}

/** Reasons that are not 0, and the verdict. */
async function why(...words: string[]): Promise<Record<string, unknown>> {
  const { code, text } = await command('reconcile', ...words, '--json');
  const line = text.split('\n').find((one) => one.startsWith('{"statement_usd"'));
  if (line === undefined) throw new Error(text);
  const { reasons, verdict, offset_hours: offset } = JSON.parse(line) as Record<string, unknown>;
  const found = Object.entries(reasons as Record<string, string>).filter(([, usd]) => usd !== '0');
  return { ...Object.fromEntries(found), verdict, code, ...(offset === 0 ? {} : { offset }) };
}

const cost = (day: number, item: string, value: string): string =>
  `{"start_time":${day},"results":[{"object":"organization.costs.result","amount":{"value":${value},"currency":"usd"},"line_item":"${item}"}]}`;
const used = (day: number, model: string, input: number, output: number, batch = false): string =>
  `{"start_time":${day},"results":[{"object":"organization.usage.completions.result","model":"${model}","input_tokens":${input},"input_cached_tokens":0,"output_tokens":${output},"batch":${batch}}]}`;
const page = (...buckets: readonly string[]): string => `{"object":"page","data":[${buckets.join(',')}]}`;

describe('I4 weir reconcile on a ledger of known calls', () => {
  it('OpenAI costs and usage: credits, a model without a price, a service that no call names, rounding', async () => {
    const costs = page(
      cost(SECONDS.day, 'gpt-4o-2024-08-06, input', '0.75'),
      cost(SECONDS.day, 'gpt-4o-2024-08-06, output', '0.02'),
      cost(SECONDS.day, 'house-model, input', '0.0125'),
      cost(SECONDS.day, 'web search tool calls', '0.03'),
      cost(SECONDS.day, 'Credit grant', '-0.5'),
    );
    const usage = page(
      used(SECONDS.day, 'gpt-4o-2024-08-06', 300_000, 2_400),
      used(SECONDS.day, 'house-model', 5_000, 0),
    );
    const found = await why(write('costs.json', costs), write('usage.json', usage));
    expect(found).toEqual({
      credits: '-0.5',
      unpriced: '0.0125',
      bypassed: '0.03',
      rounding: '-0.004',
      verdict: 'explained',
      code: 0,
    });
  }, 180_000);

  it('OpenAI exports as CSV: traffic that went around Weir on one day, the price of batches on the other', async () => {
    const costs = `start_time,amount_value,amount_currency,line_item
${SECONDS.day},1.125,usd,"gpt-4o-2024-08-06, input"
${SECONDS.day},0.024,usd,"gpt-4o-2024-08-06, output"
${SECONDS.next},0.375,usd,"gpt-4o-2024-08-06, input"
${SECONDS.next},0.012,usd,"gpt-4o-2024-08-06, output"
`;
    const usage = `start_time,num_model_requests,model,input_tokens,input_cached_tokens,output_tokens,batch
${SECONDS.day},36,gpt-4o-2024-08-06,450000,0,2400,false
${SECONDS.next},24,gpt-4o-2024-08-06,300000,0,2400,true
`;
    const found = await why(write('costs.csv', costs), write('usage.csv', usage));
    expect(found).toEqual({ bypassed: '0.375', tier: '-0.387', verdict: 'explained', code: 0 });
  }, 180_000);

  it('Anthropic cost and usage reports: a search without a model is matched, another price is not explained away', async () => {
    const result = (type: string, cents: string): string =>
      `{"currency":"USD","amount":"${cents}","cost_type":"tokens","model":"claude-sonnet-4-5-20250929","token_type":"${type}","service_tier":"standard"}`;
    const search = '{"currency":"USD","amount":"1.0","cost_type":"web_search","model":null,"token_type":null}';
    const costs = `{"data":[{"starting_at":"2026-11-20T00:00:00Z","results":[${result('uncached_input_tokens', '9.2')},${result('output_tokens', '3.6')},${search}]}]}`;
    const usage =
      '{"data":[{"starting_at":"2026-11-20T00:00:00Z","results":[{"uncached_input_tokens":24000,"cache_read_input_tokens":0,"cache_creation":{},"output_tokens":2400,"model":"claude-sonnet-4-5-20250929","service_tier":"standard"}]}]}';
    const files = [write('a-costs.json', costs), write('a-usage.json', usage)];
    expect(await why(...files)).toEqual({ unexplained: '0.02', verdict: 'unexplained', code: 1 });
    expect(await why(...files, '--tolerance', '0.02')).toMatchObject({ verdict: 'explained', code: 0 });
  }, 180_000);

  it('AWS CUR 2.0 and FOCUS as Parquet: the model by its name on the invoice, tax apart; the own FOCUS agrees', async () => {
    const cur = await why('cur.parquet', '--provider', 'aws-bedrock');
    expect(cur).toEqual({ credits: '0.005', verdict: 'explained', code: 0 });
    expect(await why('focus.parquet', '--provider', 'openai')).toEqual({ verdict: 'explained', code: 0 });
  }, 180_000);

  it('a table whose days are those of California', async () => {
    // The nineteenth of California ends at 08:00 UTC: it has the first eight hours, the house model's call among them.
    const lines = [
      '2026-11-19,gpt-4o,input,36000,0.09',
      '2026-11-19,gpt-4o,output,800,0.008',
      '2026-11-19,house-model,input,5000,0.0125',
      '2026-11-20,gpt-4o,input,300000,0.75',
      '2026-11-20,gpt-4o,output,2400,0.024',
    ];
    const file = write('pacific.csv', ['day,model,class,quantity,usd', ...lines, ''].join('\n'));
    expect(await why(file, '--provider', 'openai')).toEqual({
      time_zone: '0.098',
      unpriced: '0.0125',
      offset: -8,
      verdict: 'explained',
      code: 0,
    });
  }, 180_000);

  it('I5 a model that the ledger does not know: bypassed where nothing else can be it, unmatched where something can', async () => {
    // On the first day the ledger has a house model that the statement does not name.
    const lines = ['day,model,usd', '2026-11-20,o3,5', '2026-11-20,gpt-4o,0.774', ''].join('\n');
    const first = await why(write('o3.csv', lines), '--provider', 'openai');
    expect(first).toEqual({ unmatched: '5', verdict: 'unexplained', code: 1 });
    const next = await why(write('o3-next.csv', lines.replaceAll('-20,', '-21,')), '--provider', 'openai');
    expect(next).toEqual({ bypassed: '5', verdict: 'explained', code: 0 });
  }, 180_000);

  it('I5 nothing is explained by a ledger without calls, and a day without any is named', async () => {
    const october = write('october.csv', 'day,model,usd\n2026-10-20,gpt-4o,1\n');
    const empty = await command('reconcile', october);
    expect(empty.text).toContain('(it has none of any provider): nothing was compared.');
    expect([empty.code, empty.text.includes('is explained')]).toEqual([1, false]);
    const other = await command(
      'reconcile',
      write('mistral.csv', 'day,model,usd\n2026-11-20,m,1\n'),
      '--provider',
      'mistral',
    );
    expect(other.text).toContain('The ledger has no calls of mistral on the days of the statement');
    expect(other.text).toContain('(it has calls of anthropic, aws-bedrock, openai): nothing was compared.');
    const later = write('later.csv', 'day,model,usd\n2026-11-21,gpt-4o,0.774\n2026-11-23,gpt-4o,1\n');
    const partly = await command('reconcile', later, '--provider', 'openai');
    expect(partly.text).toContain('The ledger has no calls on 2026-11-23');
  }, 180_000);
});

describe('I4 I5 weir what-if on a ledger of known calls', () => {
  const WINDOW = ['--from', '2026-11-20', '--to', '2026-11-22'];
  /** rows, USD, unknown; what-if USD, unknown; difference. */
  async function total(...words: string[]): Promise<string> {
    const { code, text } = await command('what-if', ...WINDOW, ...words, '--json');
    const line = text.split('\n').find((one) => one.startsWith('{"by"'));
    if (line === undefined || code !== 0) throw new Error(text);
    const { total: sums } = JSON.parse(line) as { total: Record<string, string | number> };
    const { rows, usd, unpriced, what_if_usd, what_if_unpriced, difference_usd } = sums;
    return `${rows} ${usd} ${unpriced}; ${what_if_usd} ${what_if_unpriced}; ${difference_usd}`;
  }

  it('another model, to the last digit, of a model with a price and of one without', async () => {
    // 600,000 tokens in and 4,800 out, at 0.15 and 0.6 USD a million.
    const mini = await total('--model', 'gpt-4o-2024-08-06=gpt-4o-mini');
    expect(mini).toBe('48 1.548 0; 0.09288 0; -1.45512');
    expect(await total('--model', 'house-model=openai/gpt-4o-mini')).toBe('1 0 1; 0.00075 0; 0.00075');
    expect(await total('--model', 'gpt-4o-2024-08-06=no-such-model')).toBe('48 1.548 0; 0 48; -1.548');
  }, 180_000);

  it('another date and another book, by feature, as a table', async () => {
    const rates = (input: string) => ({ input: [input, 1_000_000], output: ['10', 1_000_000] });
    const row = { model: 'openai/gpt-4o', tier: 'standard', confidence: 'agreed', source: 'test' };
    const cut = '2026-12-01T00:00:00Z';
    const book = {
      format: 1,
      version: 'next-year',
      sources: [],
      providers: [{ id: 'openai', aliases: [], fallbacks: [], infer: [] }],
      models: { 'openai/gpt-4o': { aliases: [] } },
      rows: {
        now: { ...row, to: cut, rates: rates('2.5') },
        later: { ...row, from: cut, rates: rates('1') },
      },
    };
    const words = ['--book', write('book.json', JSON.stringify(book)), '--model', 'gpt-4o-2024-08-06=openai/gpt-4o'];
    expect(await total(...words)).toBe('48 1.548 0; 1.548 0; 0');
    const table = await command('what-if', ...WINDOW, ...words, '--at', '2026-12-02', '--by', 'feature');
    // 0.6 and 0.048 USD.
    expect(table.text).toMatch(/chat +48 +1\.548 +0 +0\.648 +0 +-0\.9\n/);
  }, 180_000);
});
