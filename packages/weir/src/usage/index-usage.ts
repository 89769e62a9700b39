import type { ExchangeFacts, UsagePart } from '@weir/providers';
import { namedCounts, type TokenUsage } from '@weir/usage';

type Json = Readonly<Record<string, unknown>>;

/** Members of a provider's usage object that say something beside the counts. */
const TOLD = [
  'service_tier',
  'serviceTier',
  'inference_geo',
  'trafficType',
  'cost',
  'cost_details',
  'is_byok',
  'cost_in_usd_ticks',
  'num_sources_used',
  'prompt_audio_seconds',
  'seconds',
  'type',
  'search_context_size',
  'num_search_queries',
  'citation_tokens',
  'server_tool_use',
  'server_tool_use_details',
  'server_side_tool_usage_details',
  'billed_units',
] as const;

/**
 * Usage under the names of a list of recorded bodies (`expected` of its INDEX.json): gross counts, their parts, and
 * `extras` with what is billed otherwise. Null when the body tells nothing: units that only the request tells, and the
 * zeros of a failed answer, are no usage of the response.
 */
export function indexUsage(facts: ExchangeFacts): Json | null {
  const raw = exactJson(facts.usageRaw);
  const items = Array.isArray(raw) && facts.usageFamily !== 'realtime' ? itemsOf(facts, raw) : null;
  const extras = items === null ? extrasOf(facts, Array.isArray(raw) ? {} : (raw as Json)) : { items };
  const counts = items === null && hasCounts(facts) ? tokenCounts(facts.usage) : {};
  const all = { ...counts, ...(Object.keys(extras).length === 0 ? {} : { extras }) };
  return Object.keys(all).length === 0 ? null : all;
}

const NO_COUNTS = new Set(['', 'cost', 'pages']);

function hasCounts(facts: ExchangeFacts): facts is ExchangeFacts & { readonly usage: TokenUsage } {
  const { usage, usageFamily, error } = facts;
  if (usage === null || NO_COUNTS.has(usageFamily)) return false;
  const tokens = usage.inputTokens + usage.outputTokens;
  if (tokens > 0) return true;
  return error === null && usage.units.rerankSearches === undefined;
}

/** The answers of a batch, each with usage of its own. */
function itemsOf({ usageParts }: ExchangeFacts, raw: readonly unknown[]): Json[] {
  return usageParts.map(({ usage }, index) => {
    const extras = toldBy((raw[index] ?? {}) as Json);
    return { ...tokenCounts(usage), ...(Object.keys(extras).length === 0 ? {} : { extras }) };
  });
}

function tokenCounts(usage: TokenUsage): Json {
  const counts = namedCounts(usage);
  return { ...counts, uncached_input_tokens: Math.max(0, counts['uncached_input_tokens'] ?? 0) };
}

function extrasOf(facts: ExchangeFacts, raw: Json): Json {
  if (facts.usageFamily === 'guardrail') return { guardrail_units: raw };
  const extras: Record<string, unknown> = toldBy(raw);
  const { units } = facts.usage ?? {};
  if (units?.rerankSearches !== undefined) extras['search_units'] = units.rerankSearches;
  if (units?.documentPages !== undefined) extras['pages'] = units.documentPages;
  if (raw['predict_time'] !== undefined && !facts.finishReasons.includes('canceled')) {
    extras['predict_time_s'] = raw['predict_time'];
  }
  if (facts.usageParts.length > 0) {
    extras['billed_iterations'] = facts.usageParts.map(billedPart);
    if (facts.billedUsage !== null) extras['billed_totals'] = tokenCounts(facts.billedUsage);
  }
  if (facts.reportedCostUsd !== '') extras['cost_usd'] = exactNumber(facts.reportedCostUsd);
  return extras;
}

function toldBy(raw: Json): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  const take = (object: Json, name: string): void => {
    if (object[name] !== undefined && object[name] !== null) told[name] = object[name];
  };
  for (const name of TOLD) take(raw, name);
  take((raw['input_token_details'] ?? {}) as Json, 'cached_tokens_details');
  const output = (raw['completion_tokens_details'] ?? {}) as Json;
  // The number keeps its digits in an object that JSON writes as a number.
  if (JSON.stringify(output['rejected_prediction_tokens'] ?? 0) !== '0') take(output, 'rejected_prediction_tokens');
  return told;
}

const billedPart = ({ model, usage }: UsagePart): Json => ({ model, ...tokenCounts(usage), billed: true });

/** JSON whose numbers keep the digits of the wire: money is among them (I4). `{}` when it is none. */
function exactJson(text: string): Json | readonly unknown[] {
  if (text === '') return {};
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? exactNumber(context.source) : value,
  ) as Json | readonly unknown[];
}

/** `JSON.rawJSON` of Node 22 and later, which the type library does not know yet. */
const exactNumber = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
