import { createHash } from 'node:crypto';

/** A deterministic source of variety: equal seeds give equal sequences on every machine. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** An integer between both ends, inclusive. */
  int(min: number, max: number): number;
  /** @throws RangeError when there is nothing to pick from. */
  pick<T>(items: readonly T[]): T;
  hex(digits: number): string;
}

/** Mulberry32 over the first 32 bits of the SHA-256 of the parts. */
export function seededRandom(...parts: readonly (string | Uint8Array)[]): SeededRandom {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  let state = hash.digest().readUInt32LE(0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[int(0, items.length - 1)] as (typeof items)[number];
    },
    hex: (digits) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join(''),
  };
}
