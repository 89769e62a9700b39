import { hash, timingSafeEqual } from 'node:crypto';
import { WeirError } from '@weir/kernel';
import { compileRateLimits, type RateLimit } from '../limits/rate-limit.ts';
import type { TokenConfig } from './identity-config.ts';
import { modelsLike, type NameFilter, namesIn } from './name-filter.ts';

/** A token as a call sees it. */
export interface Token {
  /** Its name in the configuration: `token_id` on the row. */
  readonly id: string;
  readonly enabled: boolean;
  /** Ms since the epoch; infinite for one that does not expire. */
  readonly expiresAt: number;
  readonly account: NameFilter;
  readonly gateway: NameFilter;
  readonly provider: NameFilter;
  readonly model: NameFilter;
  /** True when `model` does not allow all, so that the body must be read. */
  readonly restrictsModels: boolean;
  readonly keyAlias: NameFilter;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limits: readonly RateLimit[];
}

/** Longer texts are no tokens, and not worth hashing. */
const TOKEN_LENGTH_MAX = 512;
const SCHEME = /^(?:bearer|token|key)\s+/i;

/** The tokens of a configuration, found by their hash. */
export interface TokenBook {
  readonly size: number;
  /** The token that a header value holds, with or without a scheme; undefined when it holds none. */
  find(value: string): Token | undefined;
}

/** @throws WeirError `INGRESS_CONFIG_INVALID` when two tokens are the same. */
export function compileTokens(tokens: Readonly<Record<string, TokenConfig>>): TokenBook {
  const known = new Map<string, { readonly digest: Buffer; readonly token: Token }>();
  for (const [id, config] of Object.entries(tokens)) {
    const digest = config.hash.slice(config.hash.indexOf(':') + 1);
    const same = known.get(digest);
    if (same !== undefined) {
      throw new WeirError('INGRESS_CONFIG_INVALID', `tokens.${id} and tokens.${same.token.id} are the same token`, {
        fix: 'Make one of them anew with `weir token`.',
      });
    }
    known.set(digest, { digest: Buffer.from(digest, 'hex'), token: compileToken(id, config) });
  }
  return {
    size: known.size,
    find(value) {
      if (known.size === 0 || value.length > TOKEN_LENGTH_MAX) return undefined;
      const digest = hash('sha256', value.replace(SCHEME, ''), 'hex');
      // Found by what an attacker cannot choose; compared whole, in constant time, so that no lookup decides alone.
      const found = known.get(digest);
      if (found === undefined || !timingSafeEqual(found.digest, Buffer.from(digest, 'hex'))) return undefined;
      return found.token;
    },
  };
}

function compileToken(id: string, config: TokenConfig): Token {
  return {
    id,
    enabled: config.enabled,
    expiresAt: config.expires === '' ? Number.POSITIVE_INFINITY : expiry(id, config.expires),
    account: namesIn(config.accounts),
    gateway: namesIn(config.gateways),
    provider: namesIn(config.providers),
    model: modelsLike(config.models),
    restrictsModels: config.models.length > 0,
    keyAlias: namesIn(config.keyAliases),
    metadata: config.metadata,
    limits: compileRateLimits('token', id, config.rateLimits),
  };
}

function expiry(id: string, text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new WeirError('INGRESS_CONFIG_INVALID', `tokens.${id}.expires is "${text}", which is no date`, {
    fix: 'Write it like 2027-01-31T00:00:00Z.',
  });
}
