import type { TokenUsage } from './token-usage.ts';

/** Disjoint classes of usage: no token is in two of them (I5). `output` includes reasoning, which is billed as output. */
export const BILLABLE_CLASSES = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'cache_write',
  'input_audio',
  'cache_read_audio',
  'input_image',
  'cache_read_image',
  'input_video',
  'output',
  'output_audio',
  'output_image',
] as const;
export type BillableClass = (typeof BILLABLE_CLASSES)[number];

export interface BillableUsage {
  /** Only classes with a count above 0. */
  readonly classes: Readonly<Partial<Record<BillableClass, number>>>;
  /** One entry for each rule the counts broke, e.g. `cache_exceeds_input`; empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * Splits gross usage into disjoint classes whose sum is input + output. A subtraction that would go below zero is
 * clamped at 0 and named in `violations` (reference: providers.md §9, trap 8); it never throws.
 */
export function toBillableClasses(usage: TokenUsage): BillableUsage {
  const violations: string[] = [];
  const cacheReadText = atLeast0(
    usage.cacheReadTokens - usage.cacheReadAudioTokens - usage.cacheReadImageTokens,
    'cached_modalities_exceed_cache_read',
    violations,
  );
  const freshAudio = atLeast0(
    usage.inputAudioTokens - usage.cacheReadAudioTokens,
    'cached_audio_exceeds_audio',
    violations,
  );
  const freshImage = atLeast0(
    usage.inputImageTokens - usage.cacheReadImageTokens,
    'cached_image_exceeds_image',
    violations,
  );
  const freshVideo = atLeast0(
    usage.inputVideoTokens - usage.cacheReadVideoTokens,
    'cached_video_exceeds_video',
    violations,
  );
  const otherWrites = atLeast0(
    usage.cacheWriteTokens - usage.cacheWrite5mTokens - usage.cacheWrite1hTokens,
    'split_writes_exceed_cache_write',
    violations,
  );
  const freshMedia = freshAudio + freshImage + freshVideo;
  const freshText = atLeast0(
    usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens - freshMedia,
    'parts_exceed_input',
    violations,
  );
  const outputText = atLeast0(
    usage.outputTokens - usage.outputAudioTokens - usage.outputImageTokens,
    'parts_exceed_output',
    violations,
  );
  if (usage.reasoningTokens > usage.outputTokens) violations.push('reasoning_exceeds_output');
  // In the order of BILLABLE_CLASSES, which is the order of the lines of a cost.
  const classes: Partial<Record<BillableClass, number>> = {};
  if (freshText > 0) classes.input = freshText;
  if (cacheReadText > 0) classes.cache_read = cacheReadText;
  if (usage.cacheWrite5mTokens > 0) classes.cache_write_5m = usage.cacheWrite5mTokens;
  if (usage.cacheWrite1hTokens > 0) classes.cache_write_1h = usage.cacheWrite1hTokens;
  if (otherWrites > 0) classes.cache_write = otherWrites;
  if (freshAudio > 0) classes.input_audio = freshAudio;
  if (usage.cacheReadAudioTokens > 0) classes.cache_read_audio = usage.cacheReadAudioTokens;
  if (freshImage > 0) classes.input_image = freshImage;
  if (usage.cacheReadImageTokens > 0) classes.cache_read_image = usage.cacheReadImageTokens;
  if (freshVideo > 0) classes.input_video = freshVideo;
  if (outputText > 0) classes.output = outputText;
  if (usage.outputAudioTokens > 0) classes.output_audio = usage.outputAudioTokens;
  if (usage.outputImageTokens > 0) classes.output_image = usage.outputImageTokens;
  return { classes, violations };
}

function atLeast0(left: number, violation: string, violations: string[]): number {
  if (left >= 0) return left;
  violations.push(violation);
  return 0;
}
