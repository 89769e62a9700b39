import { randomUUID } from 'node:crypto';
import type { InsertBatch } from '@weir/warehouse';

/** One row of weir.ingest_batches. */
export interface BatchNote {
  readonly topic: string;
  readonly partition: number;
  readonly first_offset: number;
  readonly last_offset: number;
  readonly table: string;
  readonly token: string;
  readonly rows: number;
  readonly bytes: number;
  readonly schema_fingerprint: string;
  readonly elapsed_ms: number;
}

export interface BatchNotes {
  add(note: BatchNote): void;
  /** Writes what is waiting. */
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;
const WAITING_MAX = 10_000;

/**
 * Writes what was loaded into weir.ingest_batches, some at a time: for people to look at, and for the count of tokens
 * since a seal. Not the truth: notes are lost with the process, and dropped (oldest first) while the warehouse is away.
 */
export function startBatchNotes(insert: (batch: InsertBatch) => Promise<void>): BatchNotes {
  let waiting: BatchNote[] = [];
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const values = waiting;
    if (values.length === 0) return;
    waiting = [];
    const rows = { kind: 'json', values: values.map((note) => ({ ...note })) } as const;
    try {
      await insert({ table: 'ingest_batches', token: `notes/${randomUUID()}`, rows });
    } catch {
      waiting = [...values, ...waiting].slice(-WAITING_MAX);
    }
  };
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, EVERY_MS);
  return {
    add: (note) => void waiting.push(note),
    async stop() {
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}
