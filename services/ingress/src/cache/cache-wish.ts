import type { IncomingHttpHeaders } from 'node:http';

/** What a call wants of the cache. */
export interface CacheWish {
  readonly ttlSeconds: number;
  /** Name of the entry as the caller chose it; '' makes one from the request. */
  readonly name: string;
  /** True: the answer is fetched, and what is stored stays as it is. */
  readonly skip: boolean;
  /** True when the call itself asks, not its gateway. */
  readonly asked: boolean;
}

/** Limits of the wire contract (reference: cloudflare-ai-gateway.md §3). */
const TTL_SECONDS_MAX = 2_592_000;
/** Of an entry whose caller chose a name and nobody a time. */
const NAMED_TTL_SECONDS = 300;
const NAME_LENGTH_MAX = 1_024;

/** Reads the cache headers, with their old names, over the gateway's TTL (0 = off); undefined when nothing is cached. */
export function readCacheWish(headers: IncomingHttpHeaders, gatewayTtlSeconds: number): CacheWish | undefined {
  const ttl = headers['cf-aig-cache-ttl'] ?? headers['cf-cache-ttl'];
  const name = headers['cf-aig-cache-key'];
  if ((ttl ?? name) === undefined && gatewayTtlSeconds === 0) return undefined;
  const skip = String(headers['cf-aig-skip-cache'] ?? headers['cf-skip-cache'] ?? '').toLowerCase() === 'true';
  const named = typeof name === 'string' && name !== '';
  const fallback = gatewayTtlSeconds === 0 && named ? NAMED_TTL_SECONDS : gatewayTtlSeconds;
  const text = String(ttl ?? '').trim();
  const asked = /^\d{1,12}$/.test(text);
  const ttlSeconds = asked ? Math.min(Number(text), TTL_SECONDS_MAX) : fallback;
  if (ttlSeconds === 0) return undefined;
  return { ttlSeconds, name: named ? name.slice(0, NAME_LENGTH_MAX) : '', skip, asked: asked || named };
}
