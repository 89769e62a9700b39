import { keyText } from '../../key-text.ts';
import type { CachedAnswer, CacheKey, CacheLimits, ResponseCache } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';

/** About what an entry takes beside its body. */
const ENTRY_BYTES = 1_024;

interface Entry {
  readonly key: CacheKey;
  readonly answer: CachedAnswer;
}

/** A cache of this process alone; the entry that was not asked for the longest goes first. */
export function openMemoryCache(limits: CacheLimits): ResponseCache {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const remove = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    bytes -= sizeOf(entry);
  };
  return {
    get(key, now) {
      const id = keyText(key);
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      remove(id);
      if (entry.answer.expiresAt <= now) return undefined;
      entries.set(id, entry);
      bytes += sizeOf(entry);
      return entry.answer;
    },
    set(key, answer) {
      const id = keyText(key);
      remove(id);
      // A copy: what came off the network may be a view of something much larger.
      const entry = { key, answer: { ...answer, body: Buffer.from(answer.body) } };
      entries.set(id, entry);
      bytes += sizeOf(entry);
      for (const oldest of entries.keys()) {
        if (bytes <= limits.bytesMax && entries.size <= limits.entriesMax) break;
        remove(oldest);
      }
    },
    purge(selection) {
      const gone = [...entries].filter(([, entry]) => isSelected(entry.key, selection));
      for (const [id] of gone) remove(id);
      return Promise.resolve(gone.length);
    },
    close() {
      entries.clear();
      bytes = 0;
      return Promise.resolve();
    },
  };
}

const sizeOf = ({ answer }: Entry): number => answer.body.length + ENTRY_BYTES;
