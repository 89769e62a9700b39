import type { StoredRecord } from '@weir/event-log';
import { type Dead, RESENT_HEADER } from '@weir/events';
import type { LoadedRow, TableLoad } from '../tables/table-load.ts';
import type { RecentIds } from './recent-ids.ts';
import type { Progress } from './seal.ts';

/** A run of records of one partition and one schema, and what became of each. */
export interface Range<Row> {
  readonly start: number;
  /** Last offset, inclusive; start - 1 while empty. */
  readonly end: number;
  readonly fingerprint: string;
  readonly rows: readonly LoadedRow<Row>[];
  readonly dead: readonly Dead[];
  readonly bytes: number;
  /** Progress after this range. */
  readonly progress: Progress;
  readonly repeated: number;
  /** Offsets of rows that may be in the ledger already: to be looked up before the range is sealed. */
  readonly suspects: ReadonlySet<number>;
  /** Rising offsets of rows that were looked up, found, and left out. */
  readonly leftOut: readonly number[];
  readonly records: readonly StoredRecord[];
}

/** How a builder knows what may be in the ledger already: it suspects while loading, and is told when rebuilding. */
export type Repeats =
  | { readonly kind: 'suspect'; readonly recent: RecentIds }
  | { readonly kind: 'known'; readonly leftOut: ReadonlySet<number> };

/** Collects records into a range until something ends it. Deterministic: the same records give the same range. */
export class RangeBuilder<Row> {
  readonly #load: TableLoad<Row>;
  readonly #repeats: Repeats;
  readonly #records: StoredRecord[] = [];
  readonly #rows: LoadedRow<Row>[] = [];
  readonly #dead: Dead[] = [];
  readonly #suspects = new Set<number>();
  readonly #leftOut: number[] = [];
  readonly #start: number;
  #end: number;
  #fingerprint: string | undefined;
  #bytes = 0;
  readonly #before: Progress;
  #highWater: number;
  #repeated = 0;

  constructor(load: TableLoad<Row>, start: number, progress: Progress, repeats: Repeats) {
    this.#load = load;
    this.#repeats = repeats;
    this.#start = start;
    this.#end = start - 1;
    this.#before = progress;
    this.#highWater = progress.highWater;
  }

  /** Takes the record, or returns false when its schema differs from the range's: seal first, then offer it again. */
  offer(record: StoredRecord): boolean {
    const outcome = this.#load.toRow(record);
    if (outcome.kind === 'row') {
      if (this.#fingerprint !== undefined && this.#fingerprint !== outcome.fingerprint) return false;
      this.#take(record, outcome.row, outcome.fingerprint);
    } else if (outcome.kind === 'dead') {
      this.#dead.push({ record, error: outcome.error, fingerprint: outcome.fingerprint });
    }
    this.#records.push(record);
    this.#end = record.offset;
    return true;
  }

  #take(record: StoredRecord, row: Row, fingerprint: string): void {
    const mark = this.#load.sourceMark?.(row);
    const replayed = record.offset <= this.#before.replayUntil;
    // While a replay goes over old ground the mark is ahead of it: there the ledger decides.
    if (mark !== undefined && mark <= this.#highWater && !replayed) {
      this.#repeated += 1;
      return;
    }
    if (mark !== undefined) this.#highWater = Math.max(mark, this.#highWater);
    if (this.#repeats.kind === 'known' && this.#repeats.leftOut.has(record.offset)) {
      this.#leftOut.push(record.offset);
      return;
    }
    if (this.#repeats.kind === 'suspect' && this.#load.identity !== undefined) {
      const seen = this.#repeats.recent.seen(this.#load.identity(row).id);
      if (seen || replayed || record.headers[RESENT_HEADER] !== undefined) this.#suspects.add(record.offset);
    }
    this.#fingerprint = fingerprint;
    this.#rows.push({ row, partition: record.partition, offset: record.offset });
    this.#bytes += this.#load.bytesOf(row);
  }

  get isEmpty(): boolean {
    return this.#end < this.#start;
  }

  isFull(limits: { readonly rows: number; readonly bytes: number }): boolean {
    return this.#rows.length >= limits.rows || this.#bytes >= limits.bytes;
  }

  build(): Range<Row> {
    return {
      start: this.#start,
      end: this.#end,
      fingerprint: this.#fingerprint ?? '',
      rows: this.#rows,
      dead: this.#dead,
      bytes: this.#bytes,
      progress: { ...this.#before, highWater: this.#highWater },
      repeated: this.#repeated,
      suspects: this.#suspects,
      leftOut: this.#leftOut,
      records: this.#records,
    };
  }
}
