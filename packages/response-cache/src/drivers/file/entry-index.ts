import { closeSync, constants, fstatSync, ftruncateSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPlace } from './key-place.ts';
import type { Segment } from './segment-name.ts';

/** Where an entry is. */
export interface EntryPlace extends Segment {
  readonly at: number;
  readonly bytes: number;
  /** The end of its last second, wall clock in seconds. */
  readonly expiresS: number;
}

/** An entry of the index, and where that stands. */
export interface FoundPlace extends EntryPlace {
  readonly slot: number;
}

/*
 * A slot, eight u32 of this machine's byte order: high and low half of the key's digest | segment until | segment id | at |
 * bytes | expires | check of the seven before it. All zero is a free one. Slots stand in buckets, which are read by one call.
 */
const SLOT_WORDS = 8;
const SLOT_BYTES = SLOT_WORDS * 4;
const WAYS_MAX = 32;
const NO_SLOT = new Uint32Array(SLOT_WORDS);
const NAME = /^index-(\d+)x(\d+)$/;

/**
 * Where each entry is: a table in a file that all processes read and write without a lock. Two that write one slot at the
 * same time leave one of both there, or neither (the check fails): an entry is lost, which is a miss. A key has its bucket by
 * its digest; in a full bucket the slot that expires first goes. So there are never more entries than slots (I7).
 */
export class EntryIndex {
  readonly #path: string;
  readonly #buckets: number;
  readonly #ways: number;
  readonly #bucket: Uint32Array;
  readonly #slot = new Uint32Array(SLOT_WORDS);
  #file: number;

  private constructor(path: string, buckets: number, ways: number) {
    this.#path = path;
    this.#buckets = buckets;
    this.#ways = ways;
    this.#bucket = new Uint32Array(ways * SLOT_WORDS);
    this.#file = this.#open();
  }

  static open(directory: string, entriesMax: number): EntryIndex {
    const ways = Math.min(WAYS_MAX, entriesMax);
    const buckets = Math.floor(entriesMax / ways);
    return new EntryIndex(join(directory, `index-${buckets}x${ways}`), buckets, ways);
  }

  /** All that processes of whatever limits keep there. */
  static openAll(directory: string): EntryIndex[] {
    return readdirSync(directory).flatMap((name) => {
      const [, buckets, ways] = NAME.exec(name) ?? [];
      return ways === undefined ? [] : [new EntryIndex(join(directory, name), Number(buckets), Number(ways))];
    });
  }

  find(key: KeyPlace): FoundPlace | undefined {
    const first = this.#load(this.#bucketOf(key));
    let found = -1;
    // Two processes that stored the same key at once may have left two.
    for (let at = 0; at < this.#bucket.length; at += SLOT_WORDS) {
      if (this.#holds(at, key) && (found < 0 || this.#word(at, 6) > this.#word(found, 6))) found = at;
    }
    return found < 0 ? undefined : this.#placeAt(first, found);
  }

  /** Whether the slot still says so. */
  isCurrent(found: FoundPlace): boolean {
    this.#slot.fill(0);
    readSync(this.#file, this.#slot, 0, SLOT_BYTES, found.slot * SLOT_BYTES);
    return this.#slot[2] === found.untilS && this.#slot[3] === found.id && this.#slot[4] === found.at;
  }

  put(key: KeyPlace, place: EntryPlace): void {
    const first = this.#load(this.#bucketOf(key));
    let chosen = -1;
    let soonest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#bucket.length; at += SLOT_WORDS) {
      const own = this.#holds(at, key);
      if (own && soonest < 0) this.#clear(first + at / SLOT_WORDS);
      // The key's own slot before a free one, that before a used one.
      const rank = own ? -1 : this.#isUsed(at) ? this.#word(at, 6) : 0;
      if (rank >= soonest) continue;
      soonest = rank;
      chosen = at;
    }
    const { untilS, id, at, bytes, expiresS } = place;
    this.#slot.set([key.high, key.low, untilS, id, at, bytes, expiresS, 0]);
    this.#slot[7] = checkOf(this.#slot, 0);
    writeSync(this.#file, this.#slot, 0, SLOT_BYTES, (first + chosen / SLOT_WORDS) * SLOT_BYTES);
  }

  remove({ slot }: FoundPlace): void {
    this.#clear(slot);
  }

  /** What each bucket holds, one after the other. */
  *walk(): Generator<FoundPlace[]> {
    for (let bucket = 0; bucket < this.#buckets; bucket += 1) {
      const first = this.#load(bucket);
      const found: FoundPlace[] = [];
      for (let at = 0; at < this.#bucket.length; at += SLOT_WORDS) {
        if (this.#isUsed(at)) found.push(this.#placeAt(first, at));
      }
      yield found;
    }
  }

  /** Goes on in a new file when somebody removed the one that is open. */
  reopenIfRemoved(): void {
    if (fstatSync(this.#file).nlink > 0) return;
    this.close();
    this.#file = this.#open();
  }

  close(): void {
    closeSync(this.#file);
  }

  #open(): number {
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const bytes = this.#buckets * this.#ways * SLOT_BYTES;
    // Room that is not written to takes none on disk.
    if (fstatSync(file).size < bytes) ftruncateSync(file, bytes);
    return file;
  }

  #bucketOf({ high }: KeyPlace): number {
    return high % this.#buckets;
  }

  /** Reads a bucket, and returns the number of its first slot. */
  #load(bucket: number): number {
    const first = bucket * this.#ways;
    const bytes = readSync(this.#file, this.#bucket, 0, this.#bucket.byteLength, first * SLOT_BYTES);
    if (bytes < this.#bucket.byteLength) this.#bucket.fill(0, bytes >> 2);
    return first;
  }

  #holds(at: number, { high, low }: KeyPlace): boolean {
    return this.#word(at, 0) === high && this.#word(at, 1) === low && this.#isUsed(at);
  }

  #isUsed(at: number): boolean {
    return this.#word(at, 6) > 0 && this.#word(at, 7) === checkOf(this.#bucket, at);
  }

  #placeAt(first: number, at: number): FoundPlace {
    return {
      slot: first + at / SLOT_WORDS,
      untilS: this.#word(at, 2),
      id: this.#word(at, 3),
      at: this.#word(at, 4),
      bytes: this.#word(at, 5),
      expiresS: this.#word(at, 6),
    };
  }

  #word(at: number, index: number): number {
    return this.#bucket[at + index] ?? 0;
  }

  #clear(slot: number): void {
    writeSync(this.#file, NO_SLOT, 0, SLOT_BYTES, slot * SLOT_BYTES);
  }
}

/** Tells a slot from half of one and half of another. */
function checkOf(words: Uint32Array, at: number): number {
  let check = 0x9e3779b9;
  for (let index = at; index < at + SLOT_WORDS - 1; index += 1) {
    check = Math.imul(check ^ (words[index] ?? 0), 0x85ebca6b);
    check ^= check >>> 15;
  }
  return check >>> 0;
}
