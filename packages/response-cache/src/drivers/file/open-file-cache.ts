import { mkdirSync } from 'node:fs';
import { errorCode } from '@weir/kernel';
import { encodeEntry } from '../../entry-codec.ts';
import { failing } from '../../failing.ts';
import { liveAnswer } from '../../live-answer.ts';
import type { CachedAnswer, CacheKey, CacheLimits, CacheSelection, ResponseCache } from '../../response-cache.ts';
import { EntryIndex, type FoundPlace } from './entry-index.ts';
import { createKeyPlaces } from './key-place.ts';
import { purgeEntries } from './purge-entries.ts';
import { removeOldEntries } from './remove-old-entries.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentRoom } from './segment-room.ts';
import { SegmentWriter } from './segment-writer.ts';

/** How often expired segments are looked for, when little is written. */
const LOOK_MS = 60_000;
/** Entries up to this are made in one buffer, again and again: they are written before the call returns. */
const SCRATCH_BYTES = 64 * 1024;

export interface FileCacheOptions {
  readonly directory: string;
  readonly limits: CacheLimits;
}

/**
 * A cache in a directory, shared by all processes that name it: entries in segments, which each process appends to its own,
 * and an index of where they are, which all read and write. No lock, and no copy in memory that a purge could miss: the page
 * cache is the memory, one for all. Nothing is trusted that does not match its checksum and its key, so that whoever dies,
 * or writes at the same time, costs an entry at most.
 */
export function openFileCache(options: FileCacheOptions): ResponseCache {
  return new FileCache(options);
}

class FileCache implements ResponseCache {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #placeOf = createKeyPlaces();
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #index: EntryIndex;
  readonly #reader: SegmentReader;
  readonly #writer: SegmentWriter;
  readonly #room: SegmentRoom;
  readonly #timer: NodeJS.Timeout;
  readonly #tidying: Promise<void>;

  constructor({ directory, limits: { bytesMax, entriesMax } }: FileCacheOptions) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#index = EntryIndex.open(directory, entriesMax);
    this.#reader = new SegmentReader(directory);
    this.#writer = new SegmentWriter(directory, bytesMax);
    this.#room = new SegmentRoom(directory, bytesMax, (kept) => {
      this.#reader.keepOnly(kept);
      this.#writer.leaveRemoved();
      this.#index.reopenIfRemoved();
    });
    this.#room.look();
    this.#timer = setInterval(() => this.#lookAgain(), LOOK_MS);
    this.#timer.unref();
    // What cannot be removed is in nobody's way.
    this.#tidying = removeOldEntries(directory).catch(() => undefined);
  }

  get(key: CacheKey, now: number): CachedAnswer | undefined | Promise<CachedAnswer | undefined> {
    return failing('', () => {
      const found = this.#index.find(this.#placeOf(key));
      if (found === undefined || found.expiresS * 1_000 <= now) return undefined;
      const entry = this.#reader.read(found);
      if (!(entry instanceof Promise)) return this.#answerOf(found, entry, key, now);
      return entry.then((read) => this.#answerOf(found, read, key, now));
    });
  }

  set(key: CacheKey, answer: CachedAnswer): void | Promise<void> {
    return failing('', () => {
      const entry = encodeEntry(key, answer, this.#scratch);
      if (entry.length > this.#bytesMax) return undefined;
      try {
        return this.#put(key, answer, entry);
      } catch (error) {
        // Somebody removed the directory.
        if (errorCode(error) !== 'ENOENT') throw error;
        this.#room.look(entry.length);
        return this.#put(key, answer, entry);
      }
    });
  }

  purge(selection: CacheSelection): Promise<number> {
    return Promise.resolve(failing('', () => purgeEntries(this.#directory, selection)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tidying;
    this.#writer.close();
    this.#reader.close();
    this.#index.close();
  }

  #put(key: CacheKey, { storedAt, expiresAt }: CachedAnswer, entry: Buffer): void | Promise<void> {
    this.#room.take(entry.length);
    const place = this.#placeOf(key);
    const written = this.#writer.append(entry, storedAt, expiresAt);
    if (written instanceof Promise) return written.then((at) => this.#index.put(place, at));
    this.#index.put(place, written);
  }

  #answerOf(found: FoundPlace, entry: Buffer | undefined, key: CacheKey, now: number): CachedAnswer | undefined {
    if (entry === undefined) {
      this.#index.remove(found);
      return undefined;
    }
    try {
      return liveAnswer(entry, key, now);
    } catch (error) {
      // A purge, or an entry that took its place, came in between.
      if (!this.#index.isCurrent(found)) return undefined;
      this.#index.remove(found);
      throw error;
    }
  }

  #lookAgain(): void {
    try {
      this.#room.look();
    } catch {
      // The next look tries again; until then the expired is only in the way of the limit.
    }
  }
}
