import type { TokenUsage } from '@weir/usage';

type Expected = Readonly<Record<string, unknown>>;

/** TokenUsage under the field names of the recorded expectations. */
export function asExpected(usage: TokenUsage): Readonly<Record<string, number>> {
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

/** Names the fields in which usage differs from a recorded expectation; '' when none does. */
export function toExpected(
  expected: Expected,
  usage: TokenUsage,
  billed: TokenUsage | null,
  parts: readonly { readonly usage: TokenUsage }[],
): string {
  const differences: string[] = [];
  const compare = (label: string, want: Expected, have: TokenUsage): void => {
    for (const [key, value] of Object.entries(asExpected(have))) {
      if (want[key] !== undefined && want[key] !== value) differences.push(`${label}${key} ${value} != ${want[key]}`);
    }
  };
  compare('', expected, usage);
  const extras = (expected['extras'] ?? {}) as Expected;
  const totals = (extras['billed_totals'] ?? extras['billed_units']) as Expected | undefined;
  if (totals !== undefined && (extras['billed_totals'] !== undefined || billed !== null)) {
    compare('billed ', totals, billed ?? usage);
  }
  const iterations = extras['billed_iterations'] as readonly Expected[] | undefined;
  const charged = iterations?.filter((iteration) => iteration['billed'] === true);
  if (charged !== undefined && parts.length > 0) {
    if (charged.length !== parts.length) differences.push(`${parts.length} parts, not ${charged.length}`);
    parts.forEach((part, index) => {
      compare(`part ${index} `, charged[index] ?? {}, part.usage);
    });
  }
  return differences.join('; ');
}
