import { WeirError } from '@weir/kernel';

const KEY = /^[A-Za-z0-9_=-][A-Za-z0-9_=.-]*(\/[A-Za-z0-9_=-][A-Za-z0-9_=.-]*)*$/;
const MAX_KEY = 900;

/** A key is also a path below a folder: nothing in it may climb, hide or need escaping. @throws WeirError `STORE_KEY`. */
export function checkKey(key: string): string {
  if (key.length <= MAX_KEY && KEY.test(key)) return key;
  throw new WeirError('STORE_KEY', `"${key}" is not a key`);
}

/** A prefix may end anywhere in a key. @throws WeirError `STORE_KEY`. */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkKey(`${prefix}x`);
  return prefix;
}
