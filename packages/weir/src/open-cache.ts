import { resolve } from 'node:path';
import { WeirError } from '@weir/kernel';
import { parseCacheUrl, type ResponseCache } from '@weir/response-cache';
import { openFileCache } from '@weir/response-cache/drivers/file';
import { openMemoryCache } from '@weir/response-cache/drivers/memory';
import type { Settings } from './settings.ts';

/** Opens the cache of answers that the configuration names. @throws WeirError `CACHE_URL`. */
export async function openCache({ config, baseDirectory }: Settings): Promise<ResponseCache> {
  const { url, max_bytes: bytesMax, max_entries: entriesMax } = config.cache;
  const address = parseCacheUrl(url);
  const limits = { bytesMax, entriesMax };
  if (address.kind === 'memory') return openMemoryCache(limits);
  if (address.kind === 'file') return openFileCache({ directory: resolve(baseDirectory, address.directory), limits });
  throw new WeirError('CLI_URL_UNSUPPORTED', 'cache.url names a driver that is not there', {
    fix: 'Write file:<directory> or memory:.',
  });
}
