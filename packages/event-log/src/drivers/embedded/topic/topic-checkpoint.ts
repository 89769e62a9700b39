import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTITION, type SealedSegment, TOPIC } from './topic-state.ts';
import type { TopicView } from './topic-storage.ts';

/** What is known to be on disk; written after every sync, read once after a restart of the machine. */
export interface TopicCheckpoint {
  readonly version: number;
  readonly partitions: readonly PartitionCheckpoint[];
}

export interface PartitionCheckpoint {
  readonly start: number;
  readonly next: number;
  readonly sealed: readonly SealedSegment[];
  readonly active: SealedSegment;
}

export function takeCheckpoint({ state, tables }: TopicView): TopicCheckpoint {
  return {
    version: state.get(TOPIC.version),
    partitions: Array.from({ length: state.partitions }, (_, partition) => ({
      start: state.of(partition, PARTITION.start),
      next: state.of(partition, PARTITION.next),
      sealed: tables[partition] ?? [],
      active: state.active(partition),
    })),
  };
}

export function checkpointPath(directory: string): string {
  return join(directory, 'checkpoint.json');
}

/** The last checkpoint, or undefined before the first. */
export function readCheckpoint(directory: string): TopicCheckpoint | undefined {
  try {
    return JSON.parse(readFileSync(checkpointPath(directory), 'utf8'));
  } catch {
    // It is replaced atomically, so it is absent or whole; without it every segment is scanned.
    return undefined;
  }
}
