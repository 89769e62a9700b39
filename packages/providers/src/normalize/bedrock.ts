import { CountReader, emptyUsage, type NormalizedUsage } from './counts.ts';
import { arrayAt, asObject, type JsonObject } from './json-object.ts';

/**
 * Bedrock Converse, `amazon-bedrock-invocationMetrics` and the token-count headers: cache counts ADD; writes without a
 * lifetime are 5 minutes (reference: providers.md §1, §2.5).
 */
export function normalizeConverse(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  usage.cacheReadTokens = reader.count(raw, 'cacheReadInputTokens', 'cacheReadInputTokenCount');
  const writes = reader.count(raw, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount');
  usage.cacheWriteTokens = writes;
  let oneHour = 0;
  for (const item of arrayAt(raw, 'cacheDetails')) {
    const detail = asObject(item);
    if (detail?.['ttl'] === '1h') oneHour += reader.count(detail, 'inputTokens');
  }
  usage.cacheWrite1hTokens = reader.clamp(oneHour, writes, 'cache_write_clamped');
  usage.cacheWrite5mTokens = writes - usage.cacheWrite1hTokens;
  const fresh = reader.count(raw, 'inputTokens', 'inputTokenCount');
  usage.inputTokens = fresh + usage.cacheReadTokens + writes;
  usage.outputTokens = reader.count(raw, 'outputTokens', 'outputTokenCount');
  const reported = reader.optional(raw, 'totalTokens', 'totalTokenCount');
  const sum = usage.inputTokens + usage.outputTokens;
  if (reported !== undefined && reported !== sum) reader.flag('total_mismatch');
  usage.totalTokens = reported ?? sum;
  return reader.finish(usage);
}
