import { renameSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFrame, frameBytes } from '../../../record-codec.ts';
import type { JobClaims } from './job-claims.ts';
import type { CommittedPast } from './retention.ts';
import { type SealedSegment, TOPIC } from './topic-state.ts';
import type { TopicChange } from './topic-storage.ts';
import type { TopicStore } from './topic-store.ts';

const CLAIM_MS = 60_000;
/** Keys of one partition held in memory; beyond it only the newest this many are compacted. */
const MAX_KEYS = 1_000_000;

/**
 * For a `compact` topic: rewrites the closed segments of a partition into one that keeps the newest record of each key
 * (and every record without a key), when at least half of them are new since the last time. Records that a protected
 * group has not committed past stay as they are.
 */
export async function compactTopic(store: TopicStore, claims: JobClaims, committedPast: CommittedPast): Promise<void> {
  if (store.reloadSpec().compact !== true) return;
  const { partitions } = store.load();
  for (let partition = 0; partition < partitions; partition += 1) {
    const past = committedPast(store.name, partition);
    const segments = compactable(store, partition, past);
    if (segments.length === 0) continue;
    await claims.run('compact', CLAIM_MS, async () => {
      const again = compactable(store, partition, past);
      if (again.length > 0) await compactPartition(store, claims, partition, again);
    });
  }
}

/** The segments worth compacting: sealed, committed, and at least half of their records appended since the last time. */
function compactable(store: TopicStore, partition: number, past: number): SealedSegment[] {
  rollIfIdle(store, partition, past);
  const { tables } = store.storage.view();
  const segments = (tables[partition] ?? []).filter((segment) => segment.end <= past);
  const records = (from: readonly SealedSegment[]): number => from.reduce((sum, each) => sum + each.records, 0);
  const fresh = records(segments.filter((segment) => segment.revision === 0));
  return fresh > 0 && fresh * 2 >= records(segments) ? segments : [];
}

/** Without much traffic, superseded records would stay in the active segment for long. */
function rollIfIdle(store: TopicStore, partition: number, past: number): void {
  const isDue = (): boolean => {
    const state = store.load();
    const active = state.active(partition);
    return active.bytes >= state.get(TOPIC.segmentBytes) / 2 && active.end <= past;
  };
  if (!isDue()) return;
  store.storage.transact((change) => {
    if (isDue()) change.roll(partition);
  });
}

async function compactPartition(
  store: TopicStore,
  claims: JobClaims,
  partition: number,
  segments: readonly SealedSegment[],
): Promise<void> {
  const [first] = segments;
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return;
  const newest = await newestOffsets(store, partition, segments);
  const temporary = join(store.files.partitionDirectory(partition), 'compaction.tmp');
  const written = { bytes: 0, records: 0, maxTimestampMs: 0 };
  const output = await open(temporary, 'w');
  try {
    for (const segment of segments) {
      const kept: Buffer[] = [];
      for (const { frame, record } of await framesOf(store, partition, segment)) {
        if (record.key !== null && (newest.get(record.key) ?? record.offset) !== record.offset) continue;
        kept.push(frame);
        written.bytes += frame.length;
        written.records += 1;
        written.maxTimestampMs = Math.max(written.maxTimestampMs, record.timestampMs);
      }
      await output.writeFile(Buffer.concat(kept));
    }
    await output.datasync();
  } finally {
    await output.close();
  }
  const revision = Math.max(...segments.map((segment) => segment.revision)) + 1;
  const merged = { base: first.base, end: last.end, ...written, revision };
  store.storage.transact((change) => {
    if (!claims.holds(change, 'compact') || !replaceSegments(change, partition, segments, merged)) return;
    renameSync(temporary, store.files.path(partition, merged));
  });
}

/** Puts the compacted segment in place of the old ones; false when retention changed those meanwhile. */
function replaceSegments(
  change: TopicChange,
  partition: number,
  segments: readonly SealedSegment[],
  merged: SealedSegment,
): boolean {
  const { state } = change;
  const present = change.segments(partition);
  const replaced = present.slice(0, segments.length);
  const unchanged = segments.every((segment, index) => {
    const now = replaced[index];
    return now?.base === segment.base && now.revision === segment.revision;
  });
  if (!unchanged) return false;
  change.setSegments(partition, [merged, ...present.slice(segments.length)]);
  for (const segment of replaced) state.count(-segment.bytes, -segment.records);
  state.count(merged.bytes, merged.records);
  state.touch();
  return true;
}

async function newestOffsets(
  store: TopicStore,
  partition: number,
  segments: readonly SealedSegment[],
): Promise<Map<string, number>> {
  const newest = new Map<string, number>();
  for (const segment of segments) {
    for (const { record } of await framesOf(store, partition, segment)) {
      if (record.key === null) continue;
      newest.delete(record.key);
      newest.set(record.key, record.offset);
      if (newest.size <= MAX_KEYS) continue;
      const [oldest] = newest.keys();
      if (oldest !== undefined) newest.delete(oldest);
    }
  }
  return newest;
}

async function framesOf(
  store: TopicStore,
  partition: number,
  segment: SealedSegment,
): Promise<{ frame: Buffer; record: ReturnType<typeof decodeFrame> }[]> {
  const content = await readFile(store.files.path(partition, segment));
  const frames: { frame: Buffer; record: ReturnType<typeof decodeFrame> }[] = [];
  for (let at = 0; at < segment.bytes; ) {
    const bytes = frameBytes(content, at, segment.bytes) ?? segment.bytes;
    const record = decodeFrame(content, at, { topic: store.name, partition });
    frames.push({ frame: content.subarray(at, at + bytes), record });
    at += bytes;
  }
  return frames;
}
