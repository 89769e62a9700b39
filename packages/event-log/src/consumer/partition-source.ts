import type { StoredRecord } from '../event-log.ts';

/** Reads one partition; made for one assignment or one tail, used by one caller at a time. */
export interface PartitionSource {
  /** The records at and after `offset`, at least one when there is any; `[]` at the end. Never reads ahead (L5). */
  read(offset: number, limits: { readonly maxRecords: number; readonly maxBytes: number }): Promise<PartitionBatch>;
  bounds(): PartitionBounds | Promise<PartitionBounds>;
  /** Resolves when there may be a record at or after `offset`, after `waitMs`, or when `signal` aborts. */
  waitForData(offset: number, waitMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface PartitionBatch {
  readonly records: readonly StoredRecord[];
  /** Where to read on. */
  readonly nextOffset: number;
}

export interface PartitionBounds {
  /** The oldest offset that may still be there. */
  readonly startOffset: number;
  /** One past the newest record. */
  readonly endOffset: number;
}
