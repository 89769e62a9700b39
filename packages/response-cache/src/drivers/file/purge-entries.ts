import { closeSync, existsSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errorCode } from '@weir/kernel';
import { entryKey } from '../../entry-codec.ts';
import type { CacheSelection } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';
import { EntryIndex, type EntryPlace } from './entry-index.ts';
import { listSegments, type Segment, segmentName } from './segment-name.ts';

/** The head of an entry is in its first bytes. */
const HEAD_BYTES = 64 * 1024;
const BUCKETS_A_TURN = 32;

/** Takes entries out of the index, which all processes look into, and overwrites them where they stand. */
export async function purgeEntries(directory: string, selection: CacheSelection): Promise<number> {
  let gone = 0;
  if (!existsSync(directory)) return gone;
  for (const index of EntryIndex.openAll(directory)) {
    try {
      let buckets = 0;
      for (const bucket of index.walk()) {
        for (const found of bucket) {
          if (!isPurged(directory, found, selection)) continue;
          index.remove(found);
          erase(directory, found);
          gone += 1;
        }
        buckets += 1;
        if (buckets % BUCKETS_A_TURN === 0) await setImmediate();
      }
    } finally {
      index.close();
    }
  }
  if (Object.keys(selection).length === 0) {
    // Emptied, not removed: who appends to one goes on behind where it was.
    for (const segment of listSegments(directory)) withSegment(directory, segment, 'r+', (file) => ftruncateSync(file));
  }
  return gone;
}

/** Reads no more of the entry than tells its key. */
function isPurged(directory: string, place: EntryPlace, selection: CacheSelection): boolean {
  const start = Buffer.allocUnsafe(Math.min(place.bytes, HEAD_BYTES));
  const bytes = withSegment(directory, place, 'r', (file) => readSync(file, start, 0, start.length, place.at));
  const key = bytes === undefined ? undefined : entryKey(start.subarray(0, bytes));
  return key !== undefined && isSelected(key, selection);
}

function erase(directory: string, place: EntryPlace): void {
  withSegment(directory, place, 'r+', (file) => writeSync(file, Buffer.alloc(place.bytes), 0, place.bytes, place.at));
}

/** Undefined when the segment has gone. */
function withSegment<Result>(
  directory: string,
  segment: Segment,
  flags: 'r' | 'r+',
  work: (file: number) => Result,
): Result | undefined {
  let file: number;
  try {
    file = openSync(join(directory, segmentName(segment)), flags);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}
