import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@weir/kernel';
import { listSegments, type Segment, segmentName } from './segment-name.ts';

/** Of the limit, what one process writes before it looks what the others have written. */
const SHARE_BEFORE_LOOK = 1 / 64;
/** When something had to go, this much of the limit stays free, so that the next entry does not look again. */
const FREED_SHARE = 1 / 16;

/**
 * Keeps the segments of a directory within their limit of bytes: those that have expired go, then those that expire first.
 * Each process looks for itself: together they may be over the limit by a sixty-fourth for each other process.
 */
export class SegmentRoom {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #onLook: (kept: readonly Segment[]) => void;
  /** What there was at the last look, and what was written since. */
  #seenBytes = 0;
  #writtenBytes = 0;

  constructor(directory: string, bytesMax: number, onLook: (kept: readonly Segment[]) => void) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#onLook = onLook;
  }

  /** Makes room for an entry that is about to be written. */
  take(bytes: number): void {
    this.#writtenBytes += bytes;
    const full = this.#seenBytes + this.#writtenBytes > this.#bytesMax;
    if (full || this.#writtenBytes > this.#bytesMax * SHARE_BEFORE_LOOK) this.look(bytes);
  }

  /** Counts what is there, and removes what must go before so many bytes are written. */
  look(bytes = 0): void {
    mkdirSync(this.#directory, { recursive: true });
    const now = Date.now();
    const found = listSegments(this.#directory).map((segment) => ({ segment, bytes: this.#bytesOf(segment) }));
    const total = found.reduce((sum, segment) => sum + segment.bytes, 0);
    const keptMax = total + bytes > this.#bytesMax ? this.#bytesMax * (1 - FREED_SHARE) - bytes : total;
    let kept = total;
    const stay: Segment[] = [];
    for (const { segment, bytes: size } of found) {
      if (segment.untilS * 1_000 > now && kept <= keptMax) stay.push(segment);
      else {
        rmSync(join(this.#directory, segmentName(segment)), { force: true });
        kept -= size;
      }
    }
    this.#seenBytes = kept;
    this.#writtenBytes = bytes;
    this.#onLook(stay);
  }

  #bytesOf(segment: Segment): number {
    try {
      return statSync(join(this.#directory, segmentName(segment))).size;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 0;
      throw error;
    }
  }
}
