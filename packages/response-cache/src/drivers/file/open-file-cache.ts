import { existsSync, mkdirSync } from 'node:fs';
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
const TIDY_MS = 60_000;
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

/** What is open of a directory. */
interface Opened {
  readonly index: EntryIndex;
  readonly reader: SegmentReader;
  readonly writer: SegmentWriter;
  readonly room: SegmentRoom;
}

class FileCache implements ResponseCache {
  readonly #options: FileCacheOptions;
  readonly #placeOf = createKeyPlaces();
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #timer: NodeJS.Timeout;
  readonly #tidying: Promise<void>;
  #opened: Opened | undefined;

  constructor(options: FileCacheOptions) {
    this.#options = options;
    // What cannot be removed is in nobody's way.
    this.#tidying = removeOldEntries(options.directory).catch(() => undefined);
    this.#tidy();
    this.#timer = setInterval(() => this.#tidy(), TIDY_MS);
    this.#timer.unref();
  }

  get(key: CacheKey, now: number): CachedAnswer | undefined | Promise<CachedAnswer | undefined> {
    return failing('', () => {
      const { index, reader } = this.#open();
      const found = index.find(this.#placeOf(key));
      if (found === undefined || found.expiresS * 1_000 <= now) return undefined;
      const entry = reader.read(found);
      if (!(entry instanceof Promise)) return answerOf(index, found, entry, key, now);
      return entry.then((read) => answerOf(index, found, read, key, now));
    });
  }

  set(key: CacheKey, answer: CachedAnswer): void | Promise<void> {
    return failing('', () => {
      const opened = this.#open();
      const entry = encodeEntry(key, answer, this.#scratch);
      if (entry.length > this.#options.limits.bytesMax) return undefined;
      try {
        return this.#put(opened, key, answer, entry);
      } catch (error) {
        // Somebody removed the directory.
        if (errorCode(error) !== 'ENOENT') throw error;
        opened.room.look(entry.length);
        return this.#put(opened, key, answer, entry);
      }
    });
  }

  async purge(selection: CacheSelection): Promise<number> {
    return failing('', () => purgeEntries(this.#options.directory, selection));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tidying;
    this.#opened?.writer.close();
    this.#opened?.reader.close();
    this.#opened?.index.close();
    this.#opened = undefined;
  }

  /** Where nothing is cached the directory need not be there, nor be writable. */
  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    const { directory, limits } = this.#options;
    mkdirSync(directory, { recursive: true });
    const index = EntryIndex.open(directory, limits.entriesMax);
    const reader = new SegmentReader(directory);
    const writer = new SegmentWriter(directory, limits.bytesMax);
    const room = new SegmentRoom(directory, limits.bytesMax, (kept) => {
      reader.keepOnly(kept);
      writer.leaveRemoved();
      index.reopenIfRemoved();
    });
    this.#opened = { index, reader, writer, room };
    room.look();
    return this.#opened;
  }

  #put(
    { index, room, writer }: Opened,
    key: CacheKey,
    { storedAt, expiresAt }: CachedAnswer,
    entry: Buffer,
  ): void | Promise<void> {
    room.take(entry.length);
    const place = this.#placeOf(key);
    const written = writer.append(entry, storedAt, expiresAt);
    if (written instanceof Promise) return written.then((at) => index.put(place, at));
    index.put(place, written);
  }

  #tidy(): void {
    if (this.#opened === undefined && !existsSync(this.#options.directory)) return;
    try {
      this.#open().room.look();
    } catch {
      // Tried again; until then the expired is only in the way of the limit.
    }
  }
}

function answerOf(
  index: EntryIndex,
  found: FoundPlace,
  entry: Buffer | undefined,
  key: CacheKey,
  now: number,
): CachedAnswer | undefined {
  if (entry === undefined) {
    index.remove(found);
    return undefined;
  }
  try {
    return liveAnswer(entry, key, now);
  } catch (error) {
    // A purge, or an entry that took its place, came in between.
    if (!index.isCurrent(found)) return undefined;
    index.remove(found);
    throw error;
  }
}
