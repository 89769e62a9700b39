import { hash } from 'node:crypto';
import { remembered } from '@weir/kernel';
import { keyText } from '../../key-text.ts';
import type { CacheKey } from '../../response-cache.ts';

/** Where in the index a key belongs: 64 bits of a digest of it. */
export interface KeyPlace {
  readonly high: number;
  readonly low: number;
}

const DIGEST_LENGTH = 64;
/** Gateways and accounts whose digest is remembered. */
const SCOPES = 512;

/** Finds places; the digest that a name often is already is not made again. */
export function createKeyPlaces(): (key: CacheKey) => KeyPlace {
  const scopePlace = remembered(SCOPES, placeOf);
  return (key) => {
    const { gateway, account, name, chosen } = key;
    if (chosen || name.length !== DIGEST_LENGTH) return placeOf(keyText(key));
    const [high, low] = [Number.parseInt(name.slice(0, 8), 16), Number.parseInt(name.slice(8, 16), 16)];
    if (Number.isNaN(high) || Number.isNaN(low)) return placeOf(keyText(key));
    const scope = scopePlace(`${gateway.length},${gateway}${account}`);
    return { high: (high ^ scope.high) >>> 0, low: (low ^ scope.low) >>> 0 };
  };
}

function placeOf(text: string): KeyPlace {
  const digest = hash('sha256', text, 'buffer');
  return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) };
}
