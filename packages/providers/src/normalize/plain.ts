import { CountReader, emptyUsage, type MutableUnits, type NormalizedUsage, setUnit } from './counts.ts';
import { type JsonObject, objectAt } from './json-object.ts';

/** Embeddings and the like: everything that was counted is input (reference: providers.md §2.6). */
export function normalizeSimpleInput(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const promptDetails = objectAt(raw, 'prompt_tokens_details');
  usage.inputTokens = reader.optional(raw, 'prompt_tokens') ?? reader.count(raw, 'total_tokens', 'input_tokens');
  usage.inputImageTokens = reader.count(promptDetails, 'image_tokens');
  usage.totalTokens = reader.optional(raw, 'total_tokens') ?? usage.inputTokens;
  const units: MutableUnits = {};
  setUnit(units, 'inputAudioSeconds', reader.measure(raw, 'prompt_audio_seconds'));
  usage.units = units;
  return reader.finish(usage);
}

/** An input count and an output count under the names given, and nothing else. */
export function normalizePair(raw: JsonObject, inputKey: string, outputKey: string): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  usage.inputTokens = reader.count(raw, inputKey);
  usage.outputTokens = reader.count(raw, outputKey);
  usage.totalTokens = usage.inputTokens + usage.outputTokens;
  return reader.finish(usage);
}

/** Billables that are not tokens, under Weir's own unit names. */
export function normalizeUnits(raw: JsonObject, keys: Readonly<Record<string, keyof MutableUnits>>): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const units: MutableUnits = {};
  for (const [key, unit] of Object.entries(keys)) setUnit(units, unit, reader.measure(raw, key));
  usage.units = units;
  return reader.finish(usage);
}
