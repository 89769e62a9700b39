import type { Assignment, CommittedOffset, StoredRecord } from '@weir/event-log';
import { RESENT_HEADER } from '@weir/events';
import { systemClock, WeirError } from '@weir/kernel';
import type { InsertBatch } from '@weir/warehouse';
import type { LoadDependencies } from '../partition/load-dependencies.ts';
import type { TableLoad } from '../tables/table-load.ts';

/** An event of weir.costs as the loader sees it: `mark` is the upstream offset, `id` the request. */
export interface WorldEvent {
  readonly id: number;
  readonly mark: number;
  /** Cannot be a row. */
  readonly poison?: boolean;
  /** Carries the header of records that may have been appended before. */
  readonly resent?: boolean;
}

interface LandedRow {
  readonly id: string;
  readonly offset: number;
}

/** Ids in the form of UUIDs, of which the last 13 digits tell one from the other. */
const idText = (id: number): string => `019a1b2c-3d4e-7f00-8000-${id.toString(16).padStart(12, '0')}`;

export const worldLoad: TableLoad<WorldEvent> = {
  topic: 't',
  group: 'g',
  table: 'requests',
  toRow(record) {
    const row = JSON.parse(Buffer.from(record.value).toString()) as WorldEvent;
    if (row.poison === true) return { kind: 'dead', error: new Error('poison'), fingerprint: '' };
    return { kind: 'row', row, fingerprint: row.mark % 7 === 0 ? '07' : '00' };
  },
  sourceMark: ({ mark }) => mark,
  identity: ({ id }) => ({ id: idText(id), ts: id }),
  bytesOf: () => 10,
  toInsert: (rows) => ({ kind: 'json', values: rows.map(({ row, offset }) => ({ id: idText(row.id), offset })) }),
};

/** The process died: nothing after this point ran. */
export class Crash extends Error {}

export interface WorldFaults {
  /** At a crash inside an insert, the engine noted the token and lost the rows. */
  readonly tokenWithoutRows: boolean;
  /** While the loader was down the warehouse forgot its tokens. */
  readonly forgetsTokens: boolean;
}

/** A partition, its group state and a warehouse that remembers tokens; each step may be where the process dies. */
export class LoaderWorld {
  committed: CommittedOffset | null = null;
  readonly landed: LandedRow[] = [];
  readonly buried: number[] = [];
  readonly records: readonly StoredRecord[];
  readonly #tokens = new Map<string, string>();
  readonly #faults: WorldFaults;
  #fuse = Number.POSITIVE_INFINITY;
  #forgot = false;

  constructor(events: readonly WorldEvent[], faults: WorldFaults) {
    this.#faults = faults;
    this.records = events.map((event, offset) => ({
      topic: 't',
      partition: 0,
      offset,
      key: null,
      value: Buffer.from(JSON.stringify(event)),
      headers: event.resent === true ? { [RESENT_HEADER]: '1' } : {},
      timestampMs: 0,
    }));
  }

  get ids(): string[] {
    return this.landed.map(({ id }) => id).sort();
  }

  restart(fuse: number): void {
    this.#fuse = fuse;
    this.#forgot = this.#faults.forgetsTokens;
    if (this.#forgot) this.#tokens.clear();
  }

  assignment(signal: AbortController, readSize: number): Assignment {
    const committed = this.committed;
    let position = committed?.offset ?? 0;
    return {
      topic: 't',
      partition: 0,
      generation: 1,
      signal: signal.signal,
      committed,
      read: async () => {
        this.#step();
        const batch = this.records.slice(position, position + readSize);
        position += batch.length;
        if (batch.length === 0 && (this.committed?.offset ?? 0) === this.records.length) signal.abort();
        return batch;
      },
      seek: (offset) => {
        position = offset;
      },
      commit: async (offset, metadata = '') => {
        this.#step();
        if (offset < (this.committed?.offset ?? 0)) throw new Error('an offset went back');
        this.committed = { offset, metadata };
        this.#step();
      },
      pause: () => undefined,
      resume: () => undefined,
      endOffset: async () => this.records.length,
    };
  }

  dependencies(rows: number): LoadDependencies<WorldEvent> {
    return {
      load: worldLoad,
      limits: { rows, bytes: 1_000_000, lingerMs: 0 },
      clock: systemClock,
      retry: { baseMs: 0, capMs: 0 },
      onDataError: 'halt',
      insert: (batch) => this.#insert(batch),
      bury: async (dead) => {
        this.#step();
        this.buried.push(...dead.map(({ record }) => record.offset));
      },
      knownIds: async (identities) => {
        this.#step();
        const there = new Set(this.landed.map(({ id }) => id));
        return new Set(identities.map(({ id }) => id).filter((id) => there.has(id)));
      },
      recentIds: async (_partition, from) => {
        this.#step();
        return this.landed.filter(({ offset }) => offset >= from).map(({ id }) => id);
      },
      countRows: async (_partition, start, end) => {
        this.#step();
        return this.landed.filter(({ offset }) => offset >= start && offset <= end).length;
      },
      remembersTokenOf: async () => !this.#forgot,
      onLoaded: () => undefined,
      onResolved: () => undefined,
      onRetry: () => undefined,
    };
  }

  /** Dies when the fuse has burnt: called before and after every effect. */
  #step(): void {
    this.#fuse -= 1;
    if (this.#fuse === 0) throw new Crash();
  }

  async #insert({ token, rows }: InsertBatch): Promise<void> {
    this.#step();
    const text = JSON.stringify(rows);
    const before = this.#tokens.get(token);
    if (before !== undefined && before !== text) throw new Error('a token names other rows: they would be lost');
    if (before === undefined) {
      this.#tokens.set(token, text);
      if (this.#faults.tokenWithoutRows) this.#step();
      if (rows.kind === 'json') this.landed.push(...(rows.values as unknown as LandedRow[]));
    }
    this.#step();
    if (this.#fuse % 5 === 0)
      throw new WeirError('WAREHOUSE_UNAVAILABLE', 'landed, but the answer got lost', { retriable: true });
  }
}
