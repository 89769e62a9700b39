import {
  CountReader,
  emptyUsage,
  type MutableUnits,
  type MutableUsage,
  type NormalizedUsage,
  setUnit,
} from './counts.ts';
import { type JsonObject, objectAt } from './json-object.ts';

/**
 * OpenAI chat shape and its variants (reference: providers.md §1, §2.1).
 * @param variant `xai_chat`, `mistral`, `gemini_openai`, `perplexity` or anything else for the plain rule.
 */
export function normalizeChat(raw: JsonObject, variant: string): NormalizedUsage {
  const reader = new CountReader();
  const usage = emptyUsage();
  const promptDetails = objectAt(raw, 'prompt_tokens_details') ?? objectAt(raw, 'prompt_token_details');
  const outputDetails = objectAt(raw, 'completion_tokens_details');
  const prompt = reader.count(raw, 'prompt_tokens');
  const completion = reader.count(raw, 'completion_tokens');
  const reported = reader.optional(raw, 'total_tokens');
  const reasoning = reader.optional(outputDetails, 'reasoning_tokens') ?? reader.count(raw, 'reasoning_tokens');
  const audio = reader.count(promptDetails, 'audio_tokens');
  usage.inputTokens = prompt;
  usage.outputTokens = completion;
  usage.reasoningTokens = reasoning;
  usage.inputAudioTokens = audio;
  usage.inputImageTokens = reader.count(promptDetails, 'image_tokens');
  usage.inputVideoTokens = reader.count(promptDetails, 'video_tokens');
  usage.outputAudioTokens = reader.count(outputDetails, 'audio_tokens');
  usage.outputImageTokens = reader.count(outputDetails, 'image_tokens');
  usage.cacheReadTokens =
    reader.optional(promptDetails, 'cached_tokens') ??
    reader.count(raw, 'prompt_cache_hit_tokens', 'cached_tokens', 'cache_read_input_tokens');
  usage.cacheWriteTokens =
    reader.optional(promptDetails, 'cache_write_tokens') ?? reader.count(raw, 'cache_creation_input_tokens');
  applyTotal(reader, usage, variant, reported);
  usage.cacheReadTokens = reader.clamp(usage.cacheReadTokens, usage.inputTokens, 'cached_clamped');
  usage.cacheWriteTokens = reader.clamp(
    usage.cacheWriteTokens,
    usage.inputTokens - usage.cacheReadTokens,
    'cache_write_clamped',
  );
  usage.totalTokens = reported ?? usage.inputTokens + usage.outputTokens;
  usage.units = chatUnits(reader, raw, variant, usage);
  if (variant === 'perplexity') usage.reasoningTokens = 0;
  usage.reasoningTokens = reader.clamp(usage.reasoningTokens, usage.outputTokens, 'reasoning_clamped');
  return reader.finish(usage);
}

/** Decides which counts lie outside prompt and completion, by the variant and by what the total says. */
function applyTotal(reader: CountReader, usage: MutableUsage, variant: string, reported: number | undefined): void {
  const { inputTokens: prompt, outputTokens: completion, reasoningTokens: reasoning, inputAudioTokens: audio } = usage;
  const base = prompt + completion;
  if (variant === 'perplexity') return;
  if (reported === undefined) {
    if (variant === 'xai_chat') usage.outputTokens = completion + reasoning;
    return;
  }
  if (reported === base) return;
  if (variant === 'gemini_openai' && reported > base) {
    usage.outputTokens = reported - prompt;
    usage.reasoningTokens = reported - base;
  } else if (reasoning > 0 && reported === base + reasoning) {
    usage.outputTokens = completion + reasoning;
  } else if (audio > 0 && reported === base + audio) {
    usage.inputTokens = prompt + audio;
  } else if (
    usage.cacheReadTokens + usage.cacheWriteTokens > 0 &&
    reported === base + usage.cacheReadTokens + usage.cacheWriteTokens
  ) {
    usage.inputTokens = prompt + usage.cacheReadTokens + usage.cacheWriteTokens;
    reader.flag('cache_outside_prompt');
  } else if (reported !== 0) {
    reader.flag('total_mismatch');
  }
}

function chatUnits(reader: CountReader, raw: JsonObject, variant: string, usage: MutableUsage): MutableUnits {
  const units: MutableUnits = {};
  setUnit(units, 'inputAudioSeconds', reader.measure(raw, 'prompt_audio_seconds'));
  setUnit(units, 'neurons', reader.measure(raw, 'neurons'));
  const tools = objectAt(raw, 'server_tool_use_details') ?? objectAt(raw, 'server_tool_use');
  setUnit(units, 'webSearches', reader.optional(tools, 'web_search_requests'));
  if (variant !== 'perplexity') return units;
  setUnit(units, 'citationTokens', reader.optional(raw, 'citation_tokens'));
  setUnit(units, 'extraReasoningTokens', usage.reasoningTokens);
  // Sonar bills one request fee for the search; deep research bills its queries one by one.
  const searches = reader.optional(raw, 'num_search_queries');
  setUnit(units, 'webSearches', searches ?? (raw['search_context_size'] === undefined ? undefined : 1));
  return units;
}
