import type { RateLimitConfig } from '../limits/rate-limit-config.ts';

/** A gateway token: who may call, and what. */
export interface TokenConfig {
  /** `sha256:` and the 64 hex digits of the token's SHA-256. */
  readonly hash: string;
  readonly enabled: boolean;
  /** Text of a date in UTC from which on it is refused; '' means never. */
  readonly expires: string;
  /** Empty lists mean all. */
  readonly accounts: readonly string[];
  readonly gateways: readonly string[];
  readonly providers: readonly string[];
  /** `*` stands for any text without a slash. */
  readonly models: readonly string[];
  readonly keyAliases: readonly string[];
  /** By name; for all calls with the token together, or `per` something. */
  readonly rateLimits: Readonly<Record<string, RateLimitConfig>>;
  /** Stands on each of its rows instead of the client's entry of the same name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A key of a provider that Weir keeps; '' where it has no such part. Secret. */
export interface ProviderKeyConfig {
  readonly key: string;
  /** Lower-case name of the header that carries it; '' takes the provider's own. */
  readonly header: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** JSON of a Google service account. */
  readonly serviceAccount: string;
  /** Gateways that may use it; empty means all. */
  readonly gateways: readonly string[];
  /** True: for calls without a token too. */
  readonly withoutToken: boolean;
}

/** What of a configuration is left out by tests and by callers that need little. */
export const TOKEN_DEFAULTS: TokenConfig = {
  hash: '',
  enabled: true,
  expires: '',
  accounts: [],
  gateways: [],
  providers: [],
  models: [],
  keyAliases: [],
  rateLimits: {},
  metadata: {},
};
export const PROVIDER_KEY_DEFAULTS: ProviderKeyConfig = {
  key: '',
  header: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  serviceAccount: '',
  gateways: [],
  withoutToken: false,
};
