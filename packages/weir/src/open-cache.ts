import { resolve } from 'node:path';
import { parseCacheUrl, type ResponseCache } from '@weir/response-cache';
import { openFileCache } from '@weir/response-cache/drivers/file';
import { openMemoryCache } from '@weir/response-cache/drivers/memory';
import type { Settings } from './settings.ts';

/** A cache that answers later than this is no help. */
const REDIS_TIMEOUT_MS = 1_000;

/** Opens the cache of answers that the configuration names. @throws WeirError `CACHE_URL`. */
export async function openCache(
  { config, baseDirectory }: Settings,
  onError: (reason: string) => void,
): Promise<ResponseCache> {
  const { url, max_bytes: bytesMax, max_entries: entriesMax } = config.cache;
  const address = parseCacheUrl(url);
  const limits = { bytesMax, entriesMax };
  if (address.kind === 'memory') return openMemoryCache(limits);
  if (address.kind === 'file') return openFileCache({ directory: resolve(baseDirectory, address.directory), limits });
  // Only who uses it waits for it to load.
  const { openRedisCache } = await import('@weir/response-cache/drivers/redis');
  return openRedisCache({ url: address.url, timeoutMs: REDIS_TIMEOUT_MS, onError });
}
