/**
 * The shapes of the JSON API. Money is decimal text in USD, null when unknown; counts are whole numbers; moments are
 * ISO 8601 in UTC. Every answer names the SQL it ran.
 */
export interface Query {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number>>;
}

export interface Period {
  readonly from: string;
  readonly to: string;
}

/** p50, p95 and p99, ms; null when nothing was measured. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Totals {
  readonly requests: number;
  /** Sum of the known costs; null when there are requests and none of their costs is known. */
  readonly spend_usd: string | null;
  /** Requests whose cost is unknown, and therefore not in `spend_usd`. */
  readonly unpriced: number;
  /** What cache hits would have cost. */
  readonly saved_usd: string | null;
  /** Gross: `tokens_cached` is part of it. */
  readonly tokens_in: number;
  readonly tokens_out: number;
  /** Input tokens that the providers read from their prompt caches. */
  readonly tokens_cached: number;
  /** Requests answered from Weir's own cache. */
  readonly cache_hits: number;
  readonly errors: number;
  readonly latency_ms: Quantiles;
  /** Time to the first byte, of requests that got one. */
  readonly first_byte_ms: Quantiles;
  /** What Weir itself added, µs. */
  readonly overhead_p50_us: number | null;
}

export interface OverviewAnswer extends Query {
  readonly period: Period;
  readonly previous_period: Period;
  readonly totals: Totals;
  readonly previous: Totals;
}

export interface Series {
  /** The dimension's value; '' is a request without one. */
  readonly name: string;
  /** True for the sum of all keys that are not named. */
  readonly other: boolean;
  /** One per slot: decimal text for spend, else a number; null = unknown (spend) or not measured (latency). */
  readonly values: readonly (string | number | null)[];
  /** Sum of the known values; null for latency and for wholly unknown spend. */
  readonly total: string | number | null;
  /** Requests per slot whose cost is unknown. */
  readonly unpriced: readonly number[];
}

export interface SeriesAnswer extends Query {
  readonly period: Period;
  readonly by: string;
  readonly measure: 'spend' | 'requests' | 'tokens' | 'errors' | 'latency_p95';
  readonly step_seconds: number;
  /** Starts of the slots, seconds since the epoch; no slot is missing. */
  readonly slots: readonly number[];
  /** Largest first, "other" last. */
  readonly series: readonly Series[];
  readonly unpriced: number;
}

export interface BreakdownRow {
  readonly name: string;
  readonly requests: number;
  readonly spend_usd: string | null;
  readonly unpriced: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly tokens_cached: number;
  readonly errors: number;
  readonly latency_p95_ms: number | null;
}

export interface BreakdownAnswer extends Query {
  readonly period: Period;
  readonly by: string;
  /** How many keys there are; `rows` holds the most expensive ones. */
  readonly groups: number;
  /** Sum of the known costs over all keys. */
  readonly spend_usd: string | null;
  readonly rows: readonly BreakdownRow[];
}

export interface RequestRow {
  readonly request_id: string;
  readonly ts: string;
  readonly account: string;
  readonly gateway: string;
  readonly env: string;
  readonly feature: string;
  readonly user_id: string;
  readonly provider: string;
  readonly model: string;
  readonly operation: string;
  readonly attempt: number;
  readonly stream: boolean;
  /** Upstream HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly outcome: string;
  readonly duration_ms: number;
  readonly ttfb_ms: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cost_usd: string | null;
  readonly cost_source: string;
  readonly usage_source: string;
  readonly cache_status: string;
  readonly prompt_preview: string;
}

export interface RequestsAnswer extends Query {
  readonly period: Period;
  readonly rows: readonly RequestRow[];
  /** Give it as `before` for the next page; null at the end. */
  readonly next: string | null;
}

export interface CostLine {
  readonly class: string;
  readonly quantity: number;
  readonly unit: string;
  /** USD for `per` units; '' when there is no rate. */
  readonly rate_usd: string;
  readonly per: number;
  readonly rate_id: string;
  readonly amount_usd: string | null;
}

export interface Attempt {
  readonly request_id: string;
  readonly ts: string;
  readonly step: number;
  readonly attempt: number;
  readonly provider: string;
  readonly request_model: string;
  readonly status: number;
  readonly outcome: string;
  readonly error_type: string;
  readonly duration_ms: number;
  readonly cost_usd: string | null;
}

export interface StoredPayload {
  readonly request_body: string;
  readonly response_body: string;
  readonly truncated: boolean;
}

export interface RequestAnswer {
  /** Every column of the ledger row but the cost lines, by name, as the warehouse gave it. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly cost_lines: readonly CostLine[];
  /** All attempts of the same client call, this one included. */
  readonly attempts: readonly Attempt[];
  /** Null when no bodies are stored. */
  readonly payload: StoredPayload | null;
  readonly queries: { readonly request: Query; readonly attempts: Query; readonly payload: Query };
}

export interface AboutAnswer {
  /** Where the ClickHouse HTTP interface answers; null when it is switched off. */
  readonly sql_url: string | null;
  readonly gateway_url: string;
}

export interface ErrorAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly fix: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  };
}
