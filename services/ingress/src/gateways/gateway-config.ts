import type { RateLimitConfig } from '../limits/rate-limit-config.ts';
import type { IncludeUsage } from '../usage/usage-request.ts';
import type { Backoff } from '../wire/call-policy.ts';

/** Settings of one gateway, as the configuration gives them; times in milliseconds, sizes in bytes. */
export interface GatewayConfig {
  /** True: calls without a valid token are refused. */
  readonly authentication: boolean;
  /** False: nothing personal is kept, unless a request says `cf-aig-collect-log: true`. */
  readonly collectLogs: boolean;
  /** False: bodies of this gateway are never written anywhere, whatever a request header says (I8). */
  readonly collectPayloads: boolean;
  /** 0: answers are not cached. */
  readonly cacheTtlSeconds: number;
  /** Larger answers are not cached. */
  readonly cacheEntryBytesMax: number;
  /** To the provider's first byte; 0: the limit of the ingress alone. */
  readonly requestTimeoutMs: number;
  /** Of one step, the first attempt included. */
  readonly retryMaxAttempts: number;
  readonly retryDelayMs: number;
  readonly retryBackoff: Backoff;
  /** By name. */
  readonly rateLimits: Readonly<Record<string, RateLimitConfig>>;
  /** Of which providers the usage of a stream is asked for when a call does not do so itself. */
  readonly includeUsage: IncludeUsage;
  /** True: 400/2005 when every attempt failed, instead of the provider's own status. */
  readonly cloudflareErrors: boolean;
}

/** What a setting is when the configuration says nothing. */
export const GATEWAY_DEFAULTS: GatewayConfig = {
  authentication: false,
  collectLogs: true,
  collectPayloads: true,
  cacheTtlSeconds: 0,
  cacheEntryBytesMax: 25 * 1024 * 1024,
  requestTimeoutMs: 0,
  retryMaxAttempts: 1,
  retryDelayMs: 500,
  retryBackoff: 'exponential',
  rateLimits: {},
  includeUsage: 'known',
  cloudflareErrors: false,
};
