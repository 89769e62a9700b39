/** Under which an answer is kept. Nothing in it is secret. */
export interface CacheKey {
  readonly gateway: string;
  readonly account: string;
  /** What the caller chose (`cf-aig-cache-key`), or a digest of the request. */
  readonly name: string;
  /** True when the caller chose the name. */
  readonly chosen: boolean;
}

/** A whole answer of status 200, as the provider sent it. */
export interface CachedAnswer {
  /** Flat list of names and values. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** The ledger row of the call that fetched it. */
  readonly requestId: string;
  /** True when Weir asked for a usage chunk that the client did not ask for: it is withheld. */
  readonly usageAdded: boolean;
  /** Wall clock, ms since the epoch. */
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** What a purge takes out; without `key` and `prefix` all of the gateway, without `gateway` all there is. */
export interface CacheSelection {
  readonly gateway?: string;
  readonly account?: string;
  /** A name that a caller chose. */
  readonly key?: string;
  /** How such a name begins. */
  readonly prefix?: string;
}

export interface CacheLimits {
  /** Of all entries together; beyond it entries go, those that expire first before others. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

/**
 * Answers that are kept for a time. An entry may be gone at any time; what is given is whole and as it was stored, under
 * exactly the key it was stored under. Failures are thrown (`CACHE_FAILED`, `CACHE_CORRUPT`): to a caller a miss. A driver
 * that needs no wait answers at once.
 */
export interface ResponseCache {
  /** The answer, unless it has expired at `now` (wall clock, ms). */
  get(key: CacheKey, now: number): CachedAnswer | undefined | Promise<CachedAnswer | undefined>;
  /** Replaces what was there. The answer's bytes must not change until it is done. */
  set(key: CacheKey, answer: CachedAnswer): void | Promise<void>;
  /** Returns how many entries went. */
  purge(selection: CacheSelection): Promise<number>;
  close(): Promise<void>;
}
