import type { Assignment, CommittedOffset, StoredRecord } from '@weir/event-log';
import { systemClock, WeirError } from '@weir/kernel';
import type { InsertBatch } from '@weir/warehouse';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runPartitionLoader } from './partition-loader.ts';
import type { TableLoad } from './table-load.ts';

/** A record's value is its source mark; a mark at or below an earlier one is a repetition, -1 is a poison record. */
interface Mark {
  readonly mark: number;
}

const load: TableLoad<Mark> = {
  topic: 't',
  group: 'g',
  table: 'requests',
  toRow(record) {
    const mark = Number(Buffer.from(record.value).toString());
    if (mark < 0) return { kind: 'dead', error: new Error('poison'), fingerprint: '' };
    return { kind: 'row', row: { mark }, fingerprint: mark % 7 === 0 ? '07' : '00' };
  },
  sourceMark: (row) => row.mark,
  bytesOf: () => 10,
  toInsert: (rows) => ({ kind: 'json', values: rows.map(({ row, offset }) => ({ mark: row.mark, offset })) }),
};

class Crash extends Error {}

/** A partition, its group state and a warehouse that remembers tokens; each step may be where the process dies. */
class World {
  committed: CommittedOffset | null = null;
  readonly landed: { mark: number; offset: number }[] = [];
  readonly tokens = new Map<string, string>();
  readonly buried: number[] = [];
  readonly records: readonly StoredRecord[];
  #fuse: number;

  constructor(marks: readonly number[], fuse: number) {
    this.#fuse = fuse;
    this.records = marks.map((mark, offset) => ({
      topic: 't',
      partition: 0,
      offset,
      key: null,
      value: Buffer.from(String(mark)),
      headers: {},
      timestampMs: 0,
    }));
  }

  setFuse(fuse: number): void {
    this.#fuse = fuse;
  }

  /** Dies when the fuse has burnt: called before and after every effect. */
  step(): void {
    this.#fuse -= 1;
    if (this.#fuse === 0) throw new Crash();
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
        this.step();
        const batch = this.records.slice(position, position + readSize);
        position += batch.length;
        if (batch.length === 0 && (this.committed?.offset ?? 0) === this.records.length) signal.abort();
        return batch;
      },
      seek: (offset) => {
        position = offset;
      },
      commit: async (offset, metadata = '') => {
        this.step();
        expect(offset).toBeGreaterThanOrEqual(this.committed?.offset ?? 0);
        this.committed = { offset, metadata };
        this.step();
      },
      pause: () => undefined,
      resume: () => undefined,
      endOffset: async () => this.records.length,
    };
  }

  async insert(batch: InsertBatch): Promise<void> {
    this.step();
    const text = JSON.stringify(batch.rows);
    const before = this.tokens.get(batch.token);
    if (before !== undefined) {
      // A token that names other rows would lose them silently: this must never happen.
      expect(text).toBe(before);
    } else {
      this.tokens.set(batch.token, text);
      if (batch.rows.kind === 'json') this.landed.push(...(batch.rows.values as { mark: number; offset: number }[]));
    }
    this.step();
    if (this.#fuse % 5 === 0)
      throw new WeirError('WAREHOUSE_UNAVAILABLE', 'landed, but the answer got lost', { retriable: true });
  }
}

/** Starts the loader again and again, each time with a fuse of its own, until everything is committed. */
async function runToEnd(world: World, fuses: readonly number[], readSize: number, rows: number): Promise<void> {
  for (const fuse of [...fuses, Number.POSITIVE_INFINITY]) {
    world.setFuse(fuse);
    const signal = new AbortController();
    try {
      await runPartitionLoader(world.assignment(signal, readSize), {
        load,
        limits: { rows, bytes: 1_000_000, lingerMs: 0 },
        clock: systemClock,
        retry: { baseMs: 0, capMs: 0 },
        insert: (batch) => world.insert(batch),
        bury: async (dead) => {
          world.step();
          world.buried.push(...dead.map(({ record }) => record.offset));
        },
        onLoaded: () => undefined,
        onRetry: () => undefined,
      });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

/** A stream as a cost service that crashes writes it: marks rise, but runs of them come again. */
const stream = fc
  .array(fc.record({ fresh: fc.integer({ min: 1, max: 6 }), repeat: fc.nat({ max: 5 }), poison: fc.boolean() }), {
    maxLength: 12,
  })
  .map((runs) => {
    const marks: number[] = [];
    let next = 0;
    for (const { fresh, repeat, poison } of runs) {
      for (let back = Math.max(0, next - repeat); back < next; back += 1) marks.push(back);
      for (let count = 0; count < fresh; count += 1) marks.push(next++);
      if (poison) marks.push(-1);
    }
    return { marks, distinct: next };
  });

describe('I3 the partition loader', () => {
  it('lands every event once, wherever it dies, however often, whatever is repeated', async () => {
    await fc.assert(
      fc.asyncProperty(
        stream,
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        async ({ marks, distinct }, fuses, readSize, rows) => {
          const world = new World(marks, 1);
          await runToEnd(world, fuses, readSize, rows);
          expect(world.landed.map(({ mark }) => mark).sort((a, b) => a - b)).toEqual(
            Array.from({ length: distinct }, (_, mark) => mark),
          );
          const poison = marks.flatMap((mark, offset) => (mark === -1 ? [offset] : []));
          expect([...new Set(world.buried)].sort((a, b) => a - b)).toEqual(poison);
          expect(world.committed?.offset ?? 0).toBe(marks.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('inserts nothing when its seal is refused', async () => {
    const world = new World([0, 1, 2], Number.POSITIVE_INFINITY);
    const signal = new AbortController();
    const fenced = new WeirError('LOG_FENCED', 'another member has the partition');
    const assignment: Assignment = { ...world.assignment(signal, 10), commit: () => Promise.reject(fenced) };
    const run = runPartitionLoader(assignment, {
      load,
      limits: { rows: 10, bytes: 1_000, lingerMs: 0 },
      clock: systemClock,
      retry: { baseMs: 0, capMs: 0 },
      insert: (batch) => world.insert(batch),
      bury: async () => undefined,
      onLoaded: () => undefined,
      onRetry: () => undefined,
    });
    await expect(run).rejects.toBe(fenced);
    expect(world.landed).toEqual([]);
  });
});
