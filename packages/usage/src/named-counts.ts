import type { TokenUsage } from './token-usage.ts';

/** Token counts under the field's names, as recorded expectations and `weir usage` have them: gross counts, and their parts. */
export function namedCounts(usage: TokenUsage): Readonly<Record<string, number>> {
  return {
    input_tokens: usage.inputTokens,
    uncached_input_tokens: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
    cached_input_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_5m_tokens: usage.cacheWrite5mTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens + (usage.units.extraReasoningTokens ?? 0),
    input_audio_tokens: usage.inputAudioTokens,
    output_audio_tokens: usage.outputAudioTokens,
    input_image_tokens: usage.inputImageTokens,
    output_image_tokens: usage.outputImageTokens,
    input_video_tokens: usage.inputVideoTokens,
    tool_use_prompt_tokens: usage.toolUsePromptTokens,
    total_tokens: usage.totalTokens,
  };
}
