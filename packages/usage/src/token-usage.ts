/**
 * What one call used, in one normal form for every provider.
 *
 * `inputTokens` and `outputTokens` are GROSS (OpenTelemetry GenAI: input includes cached tokens, output includes
 * reasoning); every other token field is a part of one of them, never an addition. A class the provider does not
 * report is 0 here; whether the provider reported anything at all is `usage_source` on the ledger row.
 * Counts are non-negative safe integers. Rule: docs/glossary.md, "usage".
 */
export interface TokenUsage {
  /** Everything that went in: uncached + cache reads + cache writes; audio, image, video, tool-use prompts included. */
  readonly inputTokens: number;
  /** Everything that came out: visible text, reasoning, audio, image. */
  readonly outputTokens: number;
  /** The provider's own total where it reports one, else input + output. */
  readonly totalTokens: number;
  /** Read from the provider's prompt cache; part of input. */
  readonly cacheReadTokens: number;
  /** Written to the prompt cache, all lifetimes; part of input. */
  readonly cacheWriteTokens: number;
  /** Written with the 5-minute lifetime; part of `cacheWriteTokens`. */
  readonly cacheWrite5mTokens: number;
  /** Written with the 1-hour lifetime; part of `cacheWriteTokens`. */
  readonly cacheWrite1hTokens: number;
  /** Thinking tokens; part of output. */
  readonly reasoningTokens: number;
  readonly inputAudioTokens: number;
  /** Cached audio: part of both `inputAudioTokens` and `cacheReadTokens`. */
  readonly cacheReadAudioTokens: number;
  readonly outputAudioTokens: number;
  readonly inputImageTokens: number;
  /** Cached images: part of both `inputImageTokens` and `cacheReadTokens`. */
  readonly cacheReadImageTokens: number;
  readonly outputImageTokens: number;
  readonly inputVideoTokens: number;
  /** Cached video: part of both `inputVideoTokens` and `cacheReadTokens`; priced as any other cache read. */
  readonly cacheReadVideoTokens: number;
  /** Prompt tokens that a provider's tool produced; part of input. */
  readonly toolUsePromptTokens: number;
  /** Billables that are not tokens. */
  readonly units: UsageUnits;
}

/** Non-token billables; a missing key means none were reported. All are counts except `inputAudioSeconds`. */
export interface UsageUnits {
  readonly webSearches?: number;
  readonly fileSearches?: number;
  readonly codeExecutions?: number;
  readonly images?: number;
  readonly inputCharacters?: number;
  readonly inputAudioSeconds?: number;
  readonly documentPages?: number;
  readonly annotatedDocumentPages?: number;
  readonly rerankSearches?: number;
  /** Perplexity deep research: outside both gross counts, at a price of their own. */
  readonly citationTokens?: number;
  /** Perplexity deep research: reasoning that lies outside `outputTokens`. */
  readonly extraReasoningTokens?: number;
  readonly neurons?: number;
}

export const EMPTY_USAGE: TokenUsage = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
  inputAudioTokens: 0,
  cacheReadAudioTokens: 0,
  outputAudioTokens: 0,
  inputImageTokens: 0,
  cacheReadImageTokens: 0,
  outputImageTokens: 0,
  inputVideoTokens: 0,
  cacheReadVideoTokens: 0,
  toolUsePromptTokens: 0,
  units: Object.freeze({}),
});

/** Where the counts of a row came from (I5). */
export const USAGE_SOURCES = ['reported', 'partial', 'estimated', 'missing'] as const;
export type UsageSource = (typeof USAGE_SOURCES)[number];

/** Where the cost of a row came from (I5). */
export const COST_SOURCES = ['computed', 'reported', 'override', 'unpriced', 'none'] as const;
/** `none`: nothing was used (an error before output, a free endpoint), so the cost is a known 0. */
export type CostSource = (typeof COST_SOURCES)[number];
