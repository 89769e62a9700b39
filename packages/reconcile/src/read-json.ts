import { amountOf, classOf, countOf, dayOf, invalid, type StatementLine, type TokenClass } from './statement.ts';

type Fields = Readonly<Record<string, unknown>>;

/** JSON with numbers as the text they were written in: no float touches an amount (I4). */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? (context?.source ?? String(value)) : value,
  );
}

const object = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (fields: Fields, name: string): string => {
  const value = fields[name];
  return value === null || value === undefined ? '' : String(value);
};

/** OpenAI's usage and costs, and Anthropic's usage and cost reports: pages of buckets of results. Undefined for others. */
export function readJsonStatement(json: unknown, name: string): StatementLine[] | undefined {
  const pages = Array.isArray(json) ? json : [json];
  const buckets = pages.flatMap((page) => list(object(page)['data']));
  if (buckets.length === 0 || !buckets.every((bucket) => Array.isArray(object(bucket)['results']))) return undefined;
  return buckets.flatMap((value, index) => {
    const bucket = object(value);
    const where = `${name}: bucket ${index + 1}`;
    const day = dayOf(text(bucket, 'start_time') || text(bucket, 'starting_at'), where);
    return list(bucket['results']).flatMap((one) => readResult(object(one), day, where));
  });
}

function readResult(result: Fields, day: string, where: string): StatementLine[] {
  const kind = text(result, 'object');
  if (kind === 'organization.costs.result') return [openaiCost(result, day, where)];
  if (kind.startsWith('organization.usage.')) return openaiUsage(result, day, where);
  if ('amount' in result) return [anthropicCost(result, day, where)];
  if ('uncached_input_tokens' in result) return anthropicUsage(result, day, where);
  throw invalid(where, `a result of no known kind: ${Object.keys(result).join(', ').slice(0, 200)}`);
}

/** `gpt-4o-2024-08-06, cached input` */
export function lineItem(item: string): { readonly model: string; readonly tokenClass: TokenClass } {
  const comma = item.lastIndexOf(',');
  // `web search tool calls`, `file search storage`: no model has blanks in its name.
  if (comma < 0)
    return /\s/.test(item.trim()) ? { model: '', tokenClass: 'other' } : { model: item.trim(), tokenClass: '' };
  return { model: item.slice(0, comma).trim(), tokenClass: classOf(item.slice(comma + 1)) };
}

function openaiCost(result: Fields, day: string, where: string): StatementLine {
  const amount = object(result['amount']);
  const money = amountOf(text(amount, 'value'), where);
  const item = text(result, 'line_item');
  const credit = (money.usd ?? 0n) < 0n || /credit|refund|tax/i.test(item);
  return { day, ...lineItem(item), quantity: null, ...money, credit, tier: '' };
}

function openaiUsage(result: Fields, day: string, where: string): StatementLine[] {
  const count = (name: string): bigint => countOf(text(result, name) || '0', where);
  const cached = count('input_cached_tokens');
  const tier = text(result, 'batch') === 'true' ? 'batch' : text(result, 'service_tier');
  return quantities(day, text(result, 'model'), tier, [
    ['input', count('input_tokens') - cached],
    ['cache_read', cached],
    ['output', count('output_tokens')],
  ]);
}

/** Amounts are cents, as decimal text. */
function anthropicCost(result: Fields, day: string, where: string): StatementLine {
  const { usd, rounding } = amountOf(text(result, 'amount'), where);
  const cents = usd ?? 0n;
  const type = text(result, 'cost_type');
  const tokenClass = type === 'tokens' || type === '' ? classOf(text(result, 'token_type')) : 'other';
  const money = { usd: cents / 100n, rounding: rounding < 100n ? 1n : rounding / 100n };
  return {
    day,
    model: text(result, 'model'),
    tokenClass,
    quantity: null,
    ...money,
    credit: cents < 0n,
    tier: text(result, 'service_tier'),
  };
}

function anthropicUsage(result: Fields, day: string, where: string): StatementLine[] {
  const count = (fields: Fields, name: string): bigint => countOf(text(fields, name) || '0', where);
  const writes = object(result['cache_creation']);
  return quantities(day, text(result, 'model'), text(result, 'service_tier'), [
    ['input', count(result, 'uncached_input_tokens')],
    ['cache_read', count(result, 'cache_read_input_tokens')],
    ['cache_write', count(writes, 'ephemeral_1h_input_tokens') + count(writes, 'ephemeral_5m_input_tokens')],
    ['output', count(result, 'output_tokens')],
  ]);
}

function quantities(
  day: string,
  model: string,
  tier: string,
  counts: readonly (readonly [TokenClass, bigint])[],
): StatementLine[] {
  return counts.flatMap(([tokenClass, quantity]) =>
    quantity === 0n ? [] : [{ day, model, tokenClass, quantity, usd: null, credit: false, tier, rounding: 0n }],
  );
}
