import type { StoredRecord } from '@weir/event-log';
import type { InsertBatch, InsertTable } from '@weir/warehouse';

/** A record turned into something insertable, left out, or given up with a reason. */
export type RowOutcome<Row> =
  | { readonly kind: 'row'; readonly row: Row; readonly fingerprint: string }
  | { readonly kind: 'skip'; readonly reason: 'no_payload' }
  | { readonly kind: 'dead'; readonly error: unknown; readonly fingerprint: string };

/** What tells a row of the ledger from every other. */
export interface RowIdentity {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly ts: number;
}

/** How one topic becomes rows of one table. `toRow` is pure: a replay gives the same outcome for the same record. */
export interface TableLoad<Row> {
  readonly topic: string;
  readonly group: string;
  readonly table: InsertTable;
  toRow(record: StoredRecord): RowOutcome<Row>;
  /**
   * Rises along a partition when the upstream repeats nothing; a row whose mark is not above the highest seen is a
   * repetition and is left out (I3). Undefined for topics whose table replaces by key.
   */
  sourceMark?(row: Row): number;
  /** For tables in which a row may stand once only, also when the upstream of the upstream repeats it. */
  identity?(row: Row): RowIdentity;
  /** Bytes a row takes in a batch, for the byte limit. */
  bytesOf(row: Row): number;
  /** The rows of one range (one fingerprint) in the form the warehouse inserts. */
  toInsert(rows: readonly LoadedRow<Row>[], fingerprint: string): InsertBatch['rows'];
}

export interface LoadedRow<Row> {
  readonly row: Row;
  readonly partition: number;
  readonly offset: number;
}
