import type { Dead } from '@weir/events';
import type { Clock } from '@weir/kernel';
import type { InsertBatch } from '@weir/warehouse';
import type { Range } from '../range/range.ts';
import type { KnownIds } from '../range/settle-suspects.ts';
import type { TableLoad } from '../tables/table-load.ts';

export interface LoadLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Longest wait for a batch to fill, ms. */
  readonly lingerMs: number;
}

/** What to do with a sealed range that the warehouse refuses for its content. */
export type OnDataError = 'halt' | 'quarantine';

/** What the loader of one table is given. */
export interface LoadDependencies<Row> {
  readonly load: TableLoad<Row>;
  readonly limits: LoadLimits;
  readonly clock: Clock;
  /** Back-off of inserts that the warehouse refuses for a passing reason. */
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  readonly onDataError: OnDataError;
  insert(batch: InsertBatch): Promise<void>;
  /** Resolves when the dead letters are durable. */
  bury(dead: readonly Dead[]): Promise<void>;
  readonly knownIds: KnownIds;
  /** Ids that the ledger has from a partition's records at and after an offset. */
  recentIds(partition: number, fromOffset: number): Promise<readonly string[]>;
  /** Rows of the table that came from these offsets of a partition; absent for tables that replace by key. */
  readonly countRows?: (partition: number, start: number, end: number) => Promise<number>;
  /** False when the warehouse may have forgotten the token of a range that was sealed then. */
  readonly remembersTokenOf: (sealedAtMs: number) => Promise<boolean>;
  onLoaded(range: Range<Row>, token: string, tookMs: number): void;
  /** A range that was in doubt is in the ledger; what sums over it deserves an audit. */
  onResolved(range: Range<Row>): void;
  onRetry(error: unknown, token: string, attempt: number): void;
}
