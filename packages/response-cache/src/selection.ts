import type { CacheKey, CacheSelection } from './response-cache.ts';

/** Whether a purge takes an entry out. */
export function isSelected(entry: CacheKey, { gateway, account, key, prefix }: CacheSelection): boolean {
  if (gateway !== undefined && entry.gateway !== gateway) return false;
  if (account !== undefined && entry.account !== account) return false;
  if (key !== undefined && !(entry.chosen && entry.name === key)) return false;
  return prefix === undefined || (entry.chosen && entry.name.startsWith(prefix));
}
