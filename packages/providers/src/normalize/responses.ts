import { CountReader, emptyUsage, type MutableUnits, type NormalizedUsage, setUnit } from './counts.ts';
import { type JsonObject, objectAt } from './json-object.ts';

/** OpenAI Responses, gpt-image, transcription and Realtime: details lie inside (reference: providers.md §1, §2.2). */
export function normalizeResponses(raw: JsonObject): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const input = objectAt(raw, 'input_tokens_details') ?? objectAt(raw, 'input_token_details');
  const output = objectAt(raw, 'output_tokens_details') ?? objectAt(raw, 'output_token_details');
  const cachedParts = objectAt(input, 'cached_tokens_details');
  usage.inputTokens = reader.count(raw, 'input_tokens');
  usage.outputTokens = reader.count(raw, 'output_tokens');
  const cached = reader.optional(input, 'cached_tokens') ?? reader.count(raw, 'cached_tokens');
  usage.cacheReadTokens = reader.clamp(cached, usage.inputTokens, 'cached_clamped');
  usage.cacheWriteTokens = reader.clamp(
    reader.count(input, 'cache_write_tokens'),
    usage.inputTokens - usage.cacheReadTokens,
    'cache_write_clamped',
  );
  usage.inputAudioTokens = reader.count(input, 'audio_tokens');
  usage.inputImageTokens = reader.count(input, 'image_tokens');
  usage.inputVideoTokens = reader.count(input, 'video_tokens');
  usage.cacheReadAudioTokens = reader.count(cachedParts, 'audio_tokens');
  usage.cacheReadImageTokens = reader.count(cachedParts, 'image_tokens');
  usage.outputAudioTokens = reader.count(output, 'audio_tokens');
  usage.outputImageTokens = reader.count(output, 'image_tokens');
  const reasoning = reader.count(output, 'reasoning_tokens');
  usage.reasoningTokens = reader.clamp(reasoning, usage.outputTokens, 'reasoning_clamped');
  const reported = reader.optional(raw, 'total_tokens');
  const sum = usage.inputTokens + usage.outputTokens;
  if (reported !== undefined && reported !== sum) reader.flag('total_mismatch');
  usage.totalTokens = reported ?? sum;
  usage.units = responsesUnits(reader, raw);
  return reader.finish(usage);
}

function responsesUnits(reader: CountReader, raw: JsonObject): MutableUnits {
  const units: MutableUnits = {};
  if (raw['type'] === 'duration') setUnit(units, 'inputAudioSeconds', reader.measure(raw, 'seconds'));
  const calls = objectAt(raw, 'server_side_tool_usage_details');
  setUnit(units, 'webSearches', reader.count(calls, 'web_search_calls') + reader.count(calls, 'x_search_calls'));
  setUnit(units, 'codeExecutions', reader.optional(calls, 'code_interpreter_calls'));
  setUnit(units, 'fileSearches', reader.optional(calls, 'file_search_calls'));
  const tools = objectAt(raw, 'server_tool_use_details');
  if (units.webSearches === undefined) setUnit(units, 'webSearches', reader.optional(tools, 'web_search_requests'));
  return units;
}
