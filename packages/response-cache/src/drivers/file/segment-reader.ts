import { closeSync, openSync, read, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '@weir/kernel';
import type { EntryPlace } from './entry-index.ts';
import { type Segment, segmentName } from './segment-name.ts';

/** Larger entries are read by a thread. */
const SYNC_BYTES_MAX = 256 * 1024;
const FILES_MAX = 64;

const readLater = promisify(read);

interface OpenFile {
  readonly file: number;
  /** Reads of threads that are not done. */
  pending: number;
  left: boolean;
}

/** Reads entries of segments, whoever wrote them; keeps the files that it read last open. */
export class SegmentReader {
  readonly #directory: string;
  /** By name; the one that was read last stands last. */
  readonly #open = new Map<string, OpenFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined when the segment, or that much of it, is not there. */
  read(place: EntryPlace): Buffer | undefined | Promise<Buffer | undefined> {
    const opened = this.#fileOf(place);
    if (opened === undefined) return undefined;
    const entry = Buffer.allocUnsafe(place.bytes);
    if (place.bytes > SYNC_BYTES_MAX) return this.#readLater(opened, entry, place.at);
    return readSync(opened.file, entry, 0, place.bytes, place.at) === place.bytes ? entry : undefined;
  }

  /** Closes the files of segments that are not among these. */
  keepOnly(segments: readonly Segment[]): void {
    const names = new Set(segments.map((segment) => segmentName(segment)));
    for (const [name, opened] of this.#open) {
      if (!names.has(name)) this.#leave(name, opened);
    }
  }

  close(): void {
    for (const [name, opened] of this.#open) this.#leave(name, opened);
  }

  #fileOf(segment: Segment): OpenFile | undefined {
    const name = segmentName(segment);
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    let opened: OpenFile;
    try {
      opened = { file: openSync(join(this.#directory, name), 'r'), pending: 0, left: false };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    for (const [oldest, file] of this.#open) {
      if (this.#open.size < FILES_MAX) break;
      this.#leave(oldest, file);
    }
    this.#open.set(name, opened);
    return opened;
  }

  async #readLater(opened: OpenFile, entry: Buffer, at: number): Promise<Buffer | undefined> {
    opened.pending += 1;
    try {
      for (let done = 0; done < entry.length; ) {
        const { bytesRead } = await readLater(opened.file, entry, done, entry.length - done, at + done);
        if (bytesRead === 0) return undefined;
        done += bytesRead;
      }
      return entry;
    } finally {
      opened.pending -= 1;
      closeWhenDone(opened);
    }
  }

  #leave(name: string, opened: OpenFile): void {
    this.#open.delete(name);
    opened.left = true;
    closeWhenDone(opened);
  }
}

function closeWhenDone({ file, pending, left }: OpenFile): void {
  if (left && pending === 0) closeSync(file);
}
