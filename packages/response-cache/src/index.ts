export { type CacheAddress, parseCacheUrl } from './cache-url.ts';
export { RESPONSE_CACHE_ERRORS } from './errors.ts';
export { keyText } from './key-text.ts';
export type { CachedAnswer, CacheKey, CacheLimits, CacheSelection, ResponseCache } from './response-cache.ts';
