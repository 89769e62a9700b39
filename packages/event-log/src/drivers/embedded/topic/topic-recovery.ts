import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { TopicSpec } from '../../../event-log.ts';
import { frameBytes, frameIsIntact, frameOffset, frameTimestamp } from '../../../record-codec.ts';
import type { SegmentFiles } from './segment-files.ts';
import { type PartitionCheckpoint, readCheckpoint } from './topic-checkpoint.ts';
import { PARTITION, type SealedSegment, TOPIC } from './topic-state.ts';
import type { TopicChange } from './topic-storage.ts';

const CHUNK_BYTES = 1024 * 1024;
/** More than can be appended between two syncs. */
const OFFSET_GAP = 1_000_000_000;

/**
 * Builds the state of a topic from its files: for a new topic nothing, after a restart of the machine what the
 * checkpoint vouches for and then every whole record after it. Offsets that may have been read before the power went,
 * and are lost, are not given out again (the gap): a consumer's committed offset stays ahead of no new record, and a
 * deduplication token that names a range of offsets stays unique. Runs in the first transaction of a boot.
 */
export function recoverTopic(change: TopicChange, files: SegmentFiles, spec: TopicSpec, segmentBytes: number): void {
  const { state } = change;
  state.grow(spec.partitions);
  state.set(TOPIC.maxBytes, spec.maxBytes ?? 0);
  state.set(TOPIC.segmentBytes, segmentBytes);
  const checkpoint = readCheckpoint(files.directory);
  for (let partition = 0; partition < spec.partitions; partition += 1) {
    recoverPartition(change, files, partition, checkpoint?.partitions[partition]);
  }
  state.touch();
}

function recoverPartition(
  change: TopicChange,
  files: SegmentFiles,
  partition: number,
  known: PartitionCheckpoint | undefined,
): void {
  const { state } = change;
  const present = files.list(partition);
  if (present.length === 0 && known === undefined) return;
  const names = new Set(present.map((file) => `${file.base}-${file.revision}`));
  const trusted = (known?.sealed ?? []).filter((segment) => names.has(`${segment.base}-${segment.revision}`));
  // What the checkpoint does not list is newer than it, or a leftover of a compaction.
  const from = known?.active.base ?? 0;
  const scanned: SealedSegment[] = [];
  let next = known?.next ?? 0;
  for (const file of present.filter((each) => each.base >= from && each.revision === 0)) {
    const found =
      file.base === known?.active.base
        ? scanSegment(files.path(partition, file), known.active, known.next)
        : scanSegment(files.path(partition, file), NOTHING, Math.max(file.base, next));
    scanned.push({ ...found, base: file.base, revision: 0 });
    next = Math.max(next, found.end);
  }
  const active = scanned.pop() ?? { base: next, ...NOTHING };
  const sealed = [...trusted, ...scanned];
  if (sealed.length > 0) change.setSegments(partition, sealed);
  for (const segment of [...sealed, active]) state.count(segment.bytes, segment.records);
  state.setOf(partition, PARTITION.start, Math.max(known?.start ?? 0, sealed[0]?.base ?? active.base));
  state.setOf(partition, PARTITION.next, next);
  state.setOf(partition, PARTITION.gap, next === 0 ? 0 : OFFSET_GAP);
  state.setActive(partition, active);
}

const NOTHING = { bytes: 0, records: 0, maxTimestampMs: 0 } as const;

interface Scan {
  readonly bytes: number;
  readonly records: number;
  readonly maxTimestampMs: number;
  /** The offset after the last whole record. */
  readonly end: number;
}

/** Counts the whole records from `start.bytes` on, up to the first that is torn, damaged or out of order. */
function scanSegment(path: string, start: Omit<Scan, 'end'>, firstOffset: number): Scan {
  const file = openSync(path, 'r');
  try {
    // A file shorter than its checkpoint was damaged from outside: count what is really there.
    let { bytes, records, maxTimestampMs } = fstatSync(file).size < start.bytes ? NOTHING : start;
    let end = firstOffset;
    let chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const filled = readSync(file, chunk, 0, chunk.length, bytes);
      let at = 0;
      while (frameIsIntact(chunk, at, filled) && frameOffset(chunk, at) >= end) {
        end = frameOffset(chunk, at) + 1;
        maxTimestampMs = Math.max(maxTimestampMs, frameTimestamp(chunk, at));
        records += 1;
        at += frameBytes(chunk, at, filled) ?? filled;
      }
      bytes += at;
      if (at > 0) continue;
      const needed = frameBytes(chunk, 0, filled) ?? 0;
      if (filled < chunk.length || needed <= chunk.length) return { bytes, records, maxTimestampMs, end };
      // One record is larger than the chunk, or its length is damaged: no file is that long then.
      chunk = Buffer.alloc(Math.min(needed, chunk.length * 16));
    }
  } finally {
    closeSync(file);
  }
}
