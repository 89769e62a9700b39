/** A rate limit of the configuration. */
export interface RateLimitConfig {
  /** 0 for none; exactly one of the three is set. */
  readonly requests: number;
  readonly tokens: number;
  /** Decimal text; '' for none. */
  readonly usd: string;
  readonly windowSeconds: number;
  readonly technique: 'fixed' | 'sliding';
  /** Each combination of these dimensions has the whole limit. */
  readonly per: readonly string[];
}
