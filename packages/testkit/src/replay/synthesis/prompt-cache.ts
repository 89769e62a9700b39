import { createHash } from 'node:crypto';

/** Where a content block of the prompt ends, in characters, and the cache lifetime asked for there, if any. */
export interface PromptBlock {
  readonly end: number;
  readonly ttl?: '5m' | '1h';
}

export interface CacheUse {
  readonly readTokens: number;
  readonly write5mTokens: number;
  readonly write1hTokens: number;
  /** Written without a lifetime, as OpenAI-shaped APIs do. */
  readonly writeTokens: number;
}

const CHARACTERS_PER_TOKEN = 4;
const BLOCK_TOKENS = 128;
const BLOCK_CHARACTERS = BLOCK_TOKENS * CHARACTERS_PER_TOKEN;
const LEAST_TOKENS = 1024;
const MAX_BLOCKS = 4096;

export const NO_CACHE_USE: CacheUse = { readTokens: 0, write5mTokens: 0, write1hTokens: 0, writeTokens: 0 };

/** The token count of a text of that many characters: a quarter, rounded up, so that it is easy to predict. */
export function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/**
 * Remembers prompt prefixes like the providers' prompt caches: from 1,024 tokens up, by 128-token steps
 * (automatic), or up to the breakpoints that the request marks (explicit). Entries do not expire with time; the
 * least recently used of `capacity` prefixes is forgotten.
 */
export class PromptCache {
  readonly #seen = new Map<string, true>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  automatic(scope: string, text: string): CacheUse {
    const blocks = Math.min(Math.floor(text.length / BLOCK_CHARACTERS), MAX_BLOCKS);
    if (blocks * BLOCK_TOKENS < LEAST_TOKENS) return NO_CACHE_USE;
    const ends = Array.from({ length: blocks }, (_, index) => (index + 1) * BLOCK_CHARACTERS);
    const keys = this.#prefixKeys(scope, text, ends);
    const hit = keys.findLastIndex((key) => this.#seen.has(key)) + 1;
    for (const key of keys) this.#remember(key);
    const readTokens = hit * BLOCK_TOKENS < LEAST_TOKENS ? 0 : hit * BLOCK_TOKENS;
    return { ...NO_CACHE_USE, readTokens, writeTokens: blocks * BLOCK_TOKENS - readTokens };
  }

  explicit(scope: string, text: string, blocks: readonly PromptBlock[]): CacheUse {
    const last = blocks.findLastIndex((block) => block.ttl !== undefined);
    const cacheable = blocks.slice(0, last + 1);
    const keys = this.#prefixKeys(
      scope,
      text,
      cacheable.map((block) => block.end),
    );
    const hit = keys.findLastIndex((key) => this.#seen.has(key));
    const readTokens = hit < 0 ? 0 : tokensOf(cacheable[hit]?.end ?? 0);
    let done = readTokens;
    const written = { '5m': 0, '1h': 0 };
    for (const [index, block] of cacheable.entries()) {
      const tokens = tokensOf(block.end);
      if (block.ttl === undefined || index < hit || tokens < LEAST_TOKENS) continue;
      written[block.ttl] += tokens - done;
      done = tokens;
      this.#remember(keys[index] ?? '');
    }
    return { readTokens, write5mTokens: written['5m'], write1hTokens: written['1h'], writeTokens: 0 };
  }

  #prefixKeys(scope: string, text: string, ends: readonly number[]): string[] {
    const running = createHash('sha256').update(scope).update('\0');
    let from = 0;
    return ends.map((end) => {
      running.update(text.slice(from, end));
      from = end;
      return running.copy().digest('base64').slice(0, 22);
    });
  }

  #remember(key: string): void {
    this.#seen.delete(key);
    this.#seen.set(key, true);
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > this.#capacity && oldest.done !== true) this.#seen.delete(oldest.value);
  }
}
