import { decodeEntry } from './entry-codec.ts';
import type { CachedAnswer, CacheKey } from './response-cache.ts';

/** The answer in these bytes, unless it has expired. @throws WeirError `CACHE_CORRUPT`. */
export function liveAnswer(entry: Buffer, key: CacheKey, now: number): CachedAnswer | undefined {
  const answer = decodeEntry(entry, key);
  return answer.expiresAt <= now ? undefined : answer;
}
