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
  const rest = (name: string, whole: number, ...parts: number[]): number => {
    const left = parts.reduce((remaining, part) => remaining - part, whole);
    if (left >= 0) return left;
    violations.push(name);
    return 0;
  };
  const cacheReadText = rest(
    'cached_modalities_exceed_cache_read',
    usage.cacheReadTokens,
    usage.cacheReadAudioTokens,
    usage.cacheReadImageTokens,
  );
  const freshAudio = rest('cached_audio_exceeds_audio', usage.inputAudioTokens, usage.cacheReadAudioTokens);
  const freshImage = rest('cached_image_exceeds_image', usage.inputImageTokens, usage.cacheReadImageTokens);
  const freshVideo = rest('cached_video_exceeds_video', usage.inputVideoTokens, usage.cacheReadVideoTokens);
  const otherWrites = rest(
    'split_writes_exceed_cache_write',
    usage.cacheWriteTokens,
    usage.cacheWrite5mTokens,
    usage.cacheWrite1hTokens,
  );
  const modalities = freshAudio + freshImage + freshVideo;
  const counts: Record<BillableClass, number> = {
    input: rest('parts_exceed_input', usage.inputTokens, usage.cacheReadTokens, usage.cacheWriteTokens, modalities),
    cache_read: cacheReadText,
    cache_write_5m: usage.cacheWrite5mTokens,
    cache_write_1h: usage.cacheWrite1hTokens,
    cache_write: otherWrites,
    input_audio: freshAudio,
    cache_read_audio: usage.cacheReadAudioTokens,
    input_image: freshImage,
    cache_read_image: usage.cacheReadImageTokens,
    input_video: freshVideo,
    output: rest('parts_exceed_output', usage.outputTokens, usage.outputAudioTokens, usage.outputImageTokens),
    output_audio: usage.outputAudioTokens,
    output_image: usage.outputImageTokens,
  };
  if (usage.reasoningTokens > usage.outputTokens) violations.push('reasoning_exceeds_output');
  const classes: Partial<Record<BillableClass, number>> = {};
  for (const name of BILLABLE_CLASSES) if (counts[name] > 0) classes[name] = counts[name];
  return { classes, violations };
}
