import { CountReader, emptyUsage, type MutableUnits, type NormalizedUsage, setUnit } from './counts.ts';
import { type JsonObject, objectAt } from './json-object.ts';

/**
 * Cohere v1 `meta` and v2 `usage`: gross counts are `tokens` (images ADD, cached and reasoning lie inside); what is
 * billed is `billed_units` (reference: providers.md §1, §2.6).
 */
export function normalizeCohere(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const tokens = objectAt(raw, 'tokens');
  const billed = objectAt(raw, 'billed_units');
  const counted = tokens ?? billed;
  usage.inputImageTokens = reader.count(tokens, 'image_tokens');
  usage.inputTokens = reader.count(counted, 'input_tokens') + usage.inputImageTokens;
  usage.outputTokens = reader.count(counted, 'output_tokens');
  const cached = reader.count(raw, 'cached_tokens');
  usage.cacheReadTokens = reader.clamp(cached, usage.inputTokens, 'cached_clamped');
  const reasoning = reader.count(tokens, 'reasoning_tokens');
  usage.reasoningTokens = reader.clamp(reasoning, usage.outputTokens, 'reasoning_clamped');
  usage.totalTokens = usage.inputTokens + usage.outputTokens;
  const units: MutableUnits = {};
  setUnit(units, 'rerankSearches', reader.optional(billed, 'search_units'));
  setUnit(units, 'images', reader.optional(billed, 'images'));
  usage.units = units;
  if (tokens === undefined || billed === undefined) return reader.finish(usage);
  const price = { ...emptyUsage(), units };
  price.inputTokens = reader.count(billed, 'input_tokens');
  price.outputTokens = reader.count(billed, 'output_tokens');
  price.totalTokens = price.inputTokens + price.outputTokens;
  return reader.finish(usage, { billedUsage: price });
}
