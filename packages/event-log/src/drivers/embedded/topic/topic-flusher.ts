import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { syncDirectory, syncFile, writeSynced } from '../shared/durable-file.ts';
import { isMissing } from '../shared/file-errors.ts';
import type { JobClaims } from './job-claims.ts';
import type { SegmentFile } from './segment-files.ts';
import { checkpointPath, type PartitionCheckpoint, readCheckpoint, takeCheckpoint } from './topic-checkpoint.ts';
import { TOPIC } from './topic-state.ts';
import type { TopicView } from './topic-storage.ts';
import type { TopicStore } from './topic-store.ts';

const CLAIM_MS = 60_000;

/** Makes everything appended so far survive a power loss: syncs the files, then writes a checkpoint that says so. */
export async function flushTopic(store: TopicStore, claims: JobClaims): Promise<void> {
  const { directory } = store.files;
  const state = store.load();
  if (state.get(TOPIC.flushedVersion) === state.get(TOPIC.version)) return;
  await claims.run('flush', CLAIM_MS, async () => {
    const before = readCheckpoint(directory)?.partitions ?? [];
    const checkpoint = takeCheckpoint(store.storage.view());
    for (const [partition, now] of checkpoint.partitions.entries()) {
      await syncSegments(store, partition, now, before[partition]?.active.base ?? 0);
    }
    const temporary = `${checkpointPath(directory)}.${randomUUID()}.tmp`;
    await writeSynced(temporary, JSON.stringify(checkpoint));
    store.storage.transact((change) => {
      // A sync so slow that the claim ran out: another process has written a newer one.
      if (!claims.holds(change, 'flush')) return;
      renameSync(temporary, checkpointPath(directory));
      change.state.set(TOPIC.flushedVersion, checkpoint.version);
    });
    await syncDirectory(directory);
    removeOrphans(store, checkpoint.partitions);
  });
}

async function syncSegments(
  store: TopicStore,
  partition: number,
  now: PartitionCheckpoint,
  syncedBelow: number,
): Promise<void> {
  const sealed = now.sealed.filter((segment) => segment.base >= syncedBelow);
  for (const segment of [...sealed, now.active]) {
    await unlessMissing(syncFile(store.files.path(partition, segment)));
  }
  await unlessMissing(syncDirectory(store.files.partitionDirectory(partition)));
}

/** Not written yet, or removed by retention meanwhile. */
async function unlessMissing(sync: Promise<void>): Promise<void> {
  try {
    await sync;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Removes files that neither the tables nor the checkpoint just written know: what retention and compaction replaced.
 * Only now, since until now a power loss would have brought the older checkpoint back, which names them.
 */
function removeOrphans(store: TopicStore, checkpoint: readonly PartitionCheckpoint[]): void {
  for (const [partition, { sealed }] of checkpoint.entries()) {
    const orphansAmong = (files: readonly SegmentFile[], { state, tables }: TopicView): SegmentFile[] => {
      const known = new Set([...(tables[partition] ?? []), ...sealed].map(nameOf));
      return files.filter((file) => file.base < state.active(partition).base && !known.has(nameOf(file)));
    };
    const suspects = orphansAmong(store.files.list(partition), store.storage.view());
    if (suspects.length === 0) continue;
    // A compaction names its file shortly before the tables do: look again when no writer is at work.
    const orphans = store.storage.transact(() => orphansAmong(suspects, store.storage.view()));
    for (const orphan of orphans) store.files.remove(partition, orphan);
  }
}

function nameOf(file: SegmentFile): string {
  return `${file.base}-${file.revision}`;
}
