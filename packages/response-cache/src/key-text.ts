import type { CacheKey } from './response-cache.ts';

/** A key as one text, another one for each key. */
export const keyText = ({ gateway, account, name, chosen }: CacheKey): string =>
  `${chosen ? 'c' : 'd'}${gateway.length},${account.length},${gateway}${account}${name}`;
