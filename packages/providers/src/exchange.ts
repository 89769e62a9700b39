import type { TokenUsage, UsageSource } from '@weir/usage';

/**
 * A body as captured while it was forwarded, already decompressed by the caller. `bytes` is the size of the whole;
 * when it is larger than `head` + `tail`, the middle is missing and `tail` ends with the last byte of the body.
 */
export interface CapturedBody {
  readonly head: Uint8Array;
  /** Empty when `head` holds the whole body. */
  readonly tail: Uint8Array;
  readonly bytes: number;
}

/** One upstream attempt, as it went over the wire. */
export interface Exchange {
  /** Slug of the provider registry, or `custom-…`. */
  readonly provider: string;
  readonly method: string;
  /** Upstream path with query, as sent (percent-encoding kept). */
  readonly path: string;
  /** HTTP status; 0 when no response came. */
  readonly status: number;
  readonly requestContentType: string;
  readonly responseContentType: string;
  /** Lower-case names. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly request: CapturedBody;
  readonly response: CapturedBody;
  /** Region of the upstream host, where the path does not name it (Bedrock). */
  readonly region?: string;
  /** False when the response was cut before its end. */
  readonly complete: boolean;
}

/** Names of `error.category` (reference: providers.md §4.2). */
export const ERROR_CATEGORIES = [
  'auth',
  'not_found',
  'quota_exhausted',
  'rate_limited',
  'overloaded',
  'server_error',
  'context_length_exceeded',
  'cancelled',
  'provider_error',
  'invalid_request',
] as const;
export type ErrorCategory = (typeof ERROR_CATEGORIES)[number];

/** An error as the provider told it. */
export interface ProviderError {
  readonly category: ErrorCategory;
  /** The provider's own code or type; '' when it gave none. */
  readonly code: string;
  /** At most 300 characters. */
  readonly message: string;
  readonly retryable: boolean;
  /** True when it came inside a stream that had started with a success status. */
  readonly midStream: boolean;
}

/** Usage that several answers can show, of which one is booked: a result of a batch, an answer that was asked for again. */
export interface UsageClaim {
  /** The provider's id of the answer. */
  readonly id: string;
  /** When it was made, ms since the epoch; null when nothing tells. */
  readonly madeAtMs: number | null;
}

/** Usage of one of the models or iterations that a single response bills. */
export interface UsagePart {
  readonly model: string;
  readonly usage: TokenUsage;
  /** Only of results of a batch. */
  readonly claim?: UsageClaim;
}

/** Everything the ledger wants to know about an exchange. Text that is unknown is ''. */
export interface ExchangeFacts {
  /** Canonical pricing id of what served the call, e.g. `openai`, `vertex_ai`. */
  readonly pricingProvider: string;
  /** OpenTelemetry `gen_ai.operation.name` where one exists. */
  readonly operation: string;
  readonly requestModel: string;
  readonly responseModel: string;
  readonly responseId: string;
  readonly finishReasons: readonly string[];
  readonly stream: boolean;
  /** Service tier as served, in the provider's word. */
  readonly serviceTier: string;
  readonly region: string;
  /** The reader that was used, e.g. `chat:mistral`; '' when none. */
  readonly usageFamily: string;
  /** The provider's usage object as JSON text, as it stood on the wire where it could be cut out. */
  readonly usageRaw: string;
  readonly usage: TokenUsage | null;
  readonly usageSource: UsageSource;
  /** Only where one response bills several models or iterations; then these are what is priced. */
  readonly usageParts: readonly UsagePart[];
  /** Only where another answer may show the same usage: the work went on after the call that began it had its answer. */
  readonly claim?: UsageClaim;
  /** What is billed when that differs from the gross counts. */
  readonly billedUsage: TokenUsage | null;
  /** US dollars as decimal text, taken from the wire without a float. */
  readonly reportedCostUsd: string;
  /** Names of the rules that were broken or applied, e.g. `cached_clamped`, `usage_missing`. */
  readonly flags: readonly string[];
  readonly error: ProviderError | null;
  /** System prompt and tool definitions without the user's words; its hash is the prompt fingerprint. */
  readonly promptTemplate: string;
  /** First 200 characters of the last user text. */
  readonly promptPreview: string;
  /** First 200 characters of the first output text. */
  readonly responsePreview: string;
}
