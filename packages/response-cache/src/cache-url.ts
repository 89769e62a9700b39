import { WeirError } from '@weir/kernel';

/** Which driver a URL of the configuration means. */
export type CacheAddress =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'redis'; readonly url: string };

/** @throws WeirError `CACHE_URL`. */
export function parseCacheUrl(url: string): CacheAddress {
  if (url === 'memory:') return { kind: 'memory' };
  if (url.startsWith('file:') && url.length > 'file:'.length) {
    return { kind: 'file', directory: url.slice('file:'.length) };
  }
  if (/^rediss?:\/\/./.test(url)) return { kind: 'redis', url };
  throw new WeirError('CACHE_URL', 'cache.url is not of a form that Weir knows', {
    fix: 'Write file:<directory>, memory: or redis://host:6379.',
  });
}
