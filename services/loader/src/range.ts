import type { StoredRecord } from '@weir/event-log';
import type { Dead } from '@weir/events';
import type { LoadedRow, TableLoad } from './table-load.ts';

/** A run of records of one partition and one schema, and what became of each. */
export interface Range<Row> {
  readonly start: number;
  /** Last offset, inclusive; start - 1 while empty. */
  readonly end: number;
  readonly fingerprint: string;
  readonly rows: readonly LoadedRow<Row>[];
  readonly dead: readonly Dead[];
  readonly bytes: number;
  /** Highest source mark after this range. */
  readonly highWater: number;
  readonly repeated: number;
}

/** Collects records into a range until something ends it. Deterministic: the same records give the same range. */
export class RangeBuilder<Row> {
  readonly #load: TableLoad<Row>;
  readonly #rows: LoadedRow<Row>[] = [];
  readonly #dead: Dead[] = [];
  readonly #start: number;
  #end: number;
  #fingerprint: string | undefined;
  #bytes = 0;
  #highWater: number;
  #repeated = 0;

  constructor(load: TableLoad<Row>, start: number, highWater: number) {
    this.#load = load;
    this.#start = start;
    this.#end = start - 1;
    this.#highWater = highWater;
  }

  /** Takes the record, or returns false when its schema differs from the range's: seal first, then offer it again. */
  offer(record: StoredRecord): boolean {
    const outcome = this.#load.toRow(record);
    if (outcome.kind === 'row') {
      if (this.#fingerprint !== undefined && this.#fingerprint !== outcome.fingerprint) return false;
      const mark = this.#load.sourceMark?.(outcome.row);
      if (mark !== undefined && mark <= this.#highWater) {
        this.#repeated += 1;
      } else {
        this.#fingerprint = outcome.fingerprint;
        this.#rows.push({ row: outcome.row, partition: record.partition, offset: record.offset });
        this.#bytes += this.#load.bytesOf(outcome.row);
        this.#highWater = mark ?? this.#highWater;
      }
    } else if (outcome.kind === 'dead') {
      this.#dead.push({ record, error: outcome.error, fingerprint: outcome.fingerprint });
    } else if (outcome.reason === 'repeated') {
      this.#repeated += 1;
    }
    this.#end = record.offset;
    return true;
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
      highWater: this.#highWater,
      repeated: this.#repeated,
    };
  }
}
