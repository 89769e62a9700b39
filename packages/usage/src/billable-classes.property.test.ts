import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBillableClasses } from './billable-classes.ts';
import { EMPTY_USAGE, type TokenUsage } from './token-usage.ts';

const count = fc.nat({ max: 1_000_000 });

/** Builds usage from its disjoint parts, the way a consistent provider reports it. */
const consistentUsage = fc
  .record({
    text: count,
    readText: count,
    readAudio: count,
    readImage: count,
    readVideo: count,
    write5m: count,
    write1h: count,
    writeOther: count,
    audio: count,
    image: count,
    video: count,
    output: count,
    outputAudio: count,
    outputImage: count,
  })
  .map((parts): { usage: TokenUsage; sum: number } => {
    const writes = parts.write5m + parts.write1h + parts.writeOther;
    const reads = parts.readText + parts.readAudio + parts.readImage + parts.readVideo;
    const inputTokens = parts.text + reads + writes + parts.audio + parts.image + parts.video;
    const outputTokens = parts.output + parts.outputAudio + parts.outputImage;
    return {
      sum: inputTokens + outputTokens,
      usage: {
        ...EMPTY_USAGE,
        inputTokens,
        outputTokens,
        totalTokens: inputTokens + outputTokens,
        cacheReadTokens: reads,
        cacheReadAudioTokens: parts.readAudio,
        cacheReadImageTokens: parts.readImage,
        cacheWriteTokens: writes,
        cacheWrite5mTokens: parts.write5m,
        cacheWrite1hTokens: parts.write1h,
        inputAudioTokens: parts.audio + parts.readAudio,
        inputImageTokens: parts.image + parts.readImage,
        inputVideoTokens: parts.video + parts.readVideo,
        cacheReadVideoTokens: parts.readVideo,
        outputAudioTokens: parts.outputAudio,
        outputImageTokens: parts.outputImage,
        reasoningTokens: Math.min(parts.output, 7),
      },
    };
  });

describe('I5 disjoint classes', () => {
  it('sum to input + output for every consistent usage', () => {
    fc.assert(
      fc.property(consistentUsage, ({ usage, sum }) => {
        const { classes, violations } = toBillableClasses(usage);
        expect(violations).toEqual([]);
        expect(Object.values(classes).reduce((total, value) => total + value, 0)).toBe(sum);
      }),
    );
  });

  it('clamps at 0 and says so when the parts exceed the whole', () => {
    const { classes, violations } = toBillableClasses({ ...EMPTY_USAGE, inputTokens: 7, cacheReadTokens: 163 });
    expect(classes).toEqual({ cache_read: 163 });
    expect(violations).toEqual(['parts_exceed_input']);
  });
});
