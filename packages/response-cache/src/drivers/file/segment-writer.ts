import { randomInt } from 'node:crypto';
import { closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EntryPlace } from './entry-index.ts';
import { type Segment, segmentName } from './segment-name.ts';

/** Larger entries are written by a thread: the event loop has other calls. */
const SYNC_BYTES_MAX = 256 * 1024;
const SEGMENT_BYTES = { min: 64 * 1024, max: 32 * 1024 * 1024 } as const;
const SEGMENTS = 32;
/** A segment takes what expires within this share of its first entry's life, and no less than this. */
const SLACK = { share: 1 / 8, ms: 5_000 } as const;
/** After so many entries a writer looks whether somebody has removed its segment. */
const ENTRIES_BEFORE_LOOK = 64;
const ID_END = 2 ** 32;
const SECOND_MAX = 0xffff_ffff;

const writeLater = promisify(write);

interface OpenSegment extends Segment {
  readonly file: number;
  bytes: number;
  entries: number;
  /** Writes of threads that are not done. */
  pending: number;
  full: boolean;
}

/**
 * Appends entries to segments of its own: no other process writes to them, so it takes no lock. Entries that live about as
 * long go together, so that a segment expires, and goes, as a whole.
 */
export class SegmentWriter {
  readonly #directory: string;
  readonly #segmentBytes: number;
  /** By length of life, in steps of four times. */
  readonly #open = new Map<number, OpenSegment>();

  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#segmentBytes = Math.min(SEGMENT_BYTES.max, Math.max(SEGMENT_BYTES.min, Math.floor(bytesMax / SEGMENTS)));
  }

  append(entry: Buffer, storedAt: number, expiresAt: number): EntryPlace | Promise<EntryPlace> {
    const lifeMs = Math.max(1, expiresAt - storedAt);
    const segment = this.#segmentFor(entry.length, lifeMs, expiresAt);
    const at = segment.bytes;
    segment.bytes += entry.length;
    segment.entries += 1;
    const { untilS, id, file } = segment;
    const place = { untilS, id, at, bytes: entry.length, expiresS: secondsOf(expiresAt) };
    if (entry.length > SYNC_BYTES_MAX) return this.#writeLater(segment, entry, place);
    writeAll(file, entry, at);
    return place;
  }

  /** Lets go of segments that are not there any more. */
  leaveRemoved(): void {
    for (const [life, segment] of this.#open) {
      if (isRemoved(segment)) this.#leave(life, segment);
    }
  }

  close(): void {
    for (const [life, segment] of this.#open) this.#leave(life, segment);
  }

  #segmentFor(bytes: number, lifeMs: number, expiresAt: number): OpenSegment {
    const life = Math.max(0, Math.floor(Math.log2(lifeMs / 1_000) / 2));
    const open = this.#open.get(life);
    if (open !== undefined) {
      const fits = open.bytes === 0 || open.bytes + bytes <= this.#segmentBytes;
      const removed = open.entries % ENTRIES_BEFORE_LOOK === 0 && isRemoved(open);
      if (fits && !removed && expiresAt <= open.untilS * 1_000) return open;
      this.#leave(life, open);
    }
    const untilS = secondsOf(expiresAt + Math.max(SLACK.ms, lifeMs * SLACK.share));
    const segment = { untilS, id: randomInt(ID_END), bytes: 0, entries: 0, pending: 0, full: false };
    const file = openSync(join(this.#directory, segmentName(segment)), 'wx', 0o600);
    const opened = { ...segment, file };
    this.#open.set(life, opened);
    return opened;
  }

  async #writeLater(segment: OpenSegment, entry: Buffer, place: EntryPlace): Promise<EntryPlace> {
    segment.pending += 1;
    try {
      for (let done = 0; done < entry.length; ) {
        const { bytesWritten } = await writeLater(segment.file, entry, done, entry.length - done, place.at + done);
        done += bytesWritten;
      }
    } finally {
      segment.pending -= 1;
      closeWhenDone(segment);
    }
    return place;
  }

  #leave(life: number, segment: OpenSegment): void {
    this.#open.delete(life);
    segment.full = true;
    closeWhenDone(segment);
  }
}

const secondsOf = (ms: number): number => Math.min(SECOND_MAX, Math.max(1, Math.ceil(ms / 1_000)));

const isRemoved = ({ file }: OpenSegment): boolean => fstatSync(file).nlink === 0;

function closeWhenDone({ file, full, pending }: OpenSegment): void {
  if (full && pending === 0) closeSync(file);
}

function writeAll(file: number, entry: Buffer, at: number): void {
  for (let done = 0; done < entry.length; ) done += writeSync(file, entry, done, entry.length - done, at + done);
}
