import type { TokenUsage } from '@weir/usage';
import { addUsage, CountReader, emptyUsage, type MutableUnits, type NormalizedUsage, setUnit } from './counts.ts';
import { arrayAt, asObject, type JsonObject, objectAt, textAt } from './json-object.ts';

/**
 * Anthropic Messages: cache counts ADD to `input_tokens`; writes without a lifetime are 5 minutes; `iterations[]` are
 * billed one by one (reference: providers.md §1, §2.3).
 * @param model model of the response: the price of iterations that name none.
 */
export function normalizeAnthropic(raw: JsonObject, model: string): NormalizedUsage {
  const reader = new CountReader();
  const usage = tokensOf(reader, raw);
  const iterations = arrayAt(raw, 'iterations')
    .map(asObject)
    .filter((item) => item !== undefined);
  const parts = billedIterations(reader, iterations, model);
  if (parts.length === 0 || (parts.length === 1 && iterations.length === 1)) return reader.finish(usage);
  const total = parts.slice(1).reduce((sum, part) => addUsage(sum, part.usage), parts[0]?.usage ?? usage);
  // Searches are counted once, for the whole response: the first part carries them.
  const [first, ...rest] = parts;
  const priced = first === undefined ? [] : [{ ...first, usage: { ...first.usage, units: usage.units } }, ...rest];
  return reader.finish(usage, { parts: priced, billedUsage: { ...total, units: usage.units } });
}

function tokensOf(reader: CountReader, raw: JsonObject): TokenUsage {
  const usage = emptyUsage();
  const split = objectAt(raw, 'cache_creation');
  const oneHour = reader.count(split, 'ephemeral_1h_input_tokens');
  const fiveMinutes = reader.count(split, 'ephemeral_5m_input_tokens');
  const writes = reader.optional(raw, 'cache_creation_input_tokens') ?? oneHour + fiveMinutes;
  usage.cacheReadTokens = reader.count(raw, 'cache_read_input_tokens');
  usage.cacheWriteTokens = writes;
  usage.cacheWrite1hTokens = reader.clamp(oneHour, writes, 'cache_write_clamped');
  usage.cacheWrite5mTokens = writes - usage.cacheWrite1hTokens;
  usage.inputTokens = reader.count(raw, 'input_tokens') + usage.cacheReadTokens + writes;
  usage.outputTokens = reader.count(raw, 'output_tokens');
  const thinking = reader.count(objectAt(raw, 'output_tokens_details'), 'thinking_tokens', 'reasoning_tokens');
  usage.reasoningTokens = reader.clamp(thinking, usage.outputTokens, 'reasoning_clamped');
  usage.totalTokens = usage.inputTokens + usage.outputTokens;
  const tools = objectAt(raw, 'server_tool_use');
  const units: MutableUnits = {};
  setUnit(units, 'webSearches', reader.optional(tools, 'web_search_requests'));
  setUnit(units, 'codeExecutions', reader.optional(tools, 'code_execution_requests'));
  usage.units = units;
  return usage;
}

function billedIterations(
  reader: CountReader,
  iterations: readonly JsonObject[],
  model: string,
): { model: string; usage: TokenUsage }[] {
  const fellBack = iterations.some((iteration) => iteration['type'] === 'fallback_message');
  const billed: { model: string; usage: TokenUsage }[] = [];
  for (const iteration of iterations) {
    const usage = tokensOf(reader, iteration);
    // A refused attempt before a fallback is not billed.
    if (fellBack && iteration['type'] === 'message' && usage.outputTokens === 0) continue;
    billed.push({ model: textAt(iteration, 'model') || model, usage: { ...usage, units: {} } });
  }
  return billed;
}
