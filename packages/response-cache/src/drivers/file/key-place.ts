import { hash } from 'node:crypto';
import { keyText } from '../../key-text.ts';
import type { CacheKey } from '../../response-cache.ts';

/** Where in the index a key belongs: 64 bits of a digest of it. */
export interface KeyPlace {
  readonly high: number;
  readonly low: number;
}

/** Gateways and accounts whose digest is remembered; beyond, all are forgotten. */
const SCOPES_MAX = 1_024;
const DIGEST = /^[0-9a-f]{64}$/;

/** Finds places; the digest that a name often is already is not made again. */
export class KeyPlaces {
  #scopes = new Map<string, KeyPlace>();

  of(key: CacheKey): KeyPlace {
    const { gateway, account, name, chosen } = key;
    if (chosen || !DIGEST.test(name)) return placeOf(keyText(key));
    const scope = `${gateway.length},${gateway}${account}`;
    let known = this.#scopes.get(scope);
    if (known === undefined) {
      if (this.#scopes.size >= SCOPES_MAX) this.#scopes = new Map();
      known = placeOf(scope);
      this.#scopes.set(scope, known);
    }
    return {
      high: (Number.parseInt(name.slice(0, 8), 16) ^ known.high) >>> 0,
      low: (Number.parseInt(name.slice(8, 16), 16) ^ known.low) >>> 0,
    };
  }
}

function placeOf(text: string): KeyPlace {
  const digest = hash('sha256', text, 'buffer');
  return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) };
}
