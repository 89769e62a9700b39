import type { Assignment, CommittedOffset, LogRecord, Position, StoredRecord } from '@weir/event-log';
import { RESENT_HEADER } from '@weir/events';
import { WeirError } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REFUSED_TOPIC, shipPartition } from './ship-partition.ts';

class Crash extends Error {}

/** A spool partition and a log; each step may be where the process dies, each append may fail before or after it stored. */
class World {
  readonly log: { readonly id: string; readonly resent: boolean }[] = [];
  readonly refused: string[] = [];
  readonly records: readonly StoredRecord[];
  committed: CommittedOffset | null = null;
  fuse = Number.POSITIVE_INFINITY;
  #failures: readonly ('before' | 'after' | 'no')[];
  #appends = 0;

  constructor(sizes: readonly number[], failures: readonly ('before' | 'after' | 'no')[]) {
    this.#failures = failures;
    this.records = sizes.map((size, offset) => ({
      topic: 'weir.requests',
      partition: 0,
      offset,
      key: `id-${offset}`,
      value: Buffer.alloc(size),
      headers: {},
      timestampMs: offset,
    }));
  }

  #step(): void {
    this.fuse -= 1;
    if (this.fuse === 0) throw new Crash();
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<readonly Position[]> {
    this.#step();
    if (topic === REFUSED_TOPIC) {
      this.refused.push(...records.map(({ key }) => key ?? ''));
      return [];
    }
    if (records.some(({ value }) => value.byteLength > 100)) throw new WeirError('LOG_RECORD_TOO_LARGE', 'too large');
    const failure = this.#failures[this.#appends++ % Math.max(1, this.#failures.length)];
    if (failure === 'before') throw new WeirError('LOG_UNAVAILABLE', 'not stored', { retriable: true });
    for (const { key, headers } of records) {
      this.log.push({ id: key ?? '', resent: headers?.[RESENT_HEADER] !== undefined });
    }
    this.#step();
    if (failure === 'after') throw new WeirError('LOG_UNCONFIRMED', 'stored, perhaps', { retriable: true });
    return [];
  }

  assignment(end: AbortController, readSize: number): Assignment {
    let position = this.committed?.offset ?? 0;
    return {
      topic: 'weir.requests',
      partition: 0,
      generation: 1,
      signal: end.signal,
      committed: this.committed,
      read: async () => {
        this.#step();
        const batch = this.records.slice(position, position + readSize);
        position += batch.length;
        if (batch.length === 0 && this.committed?.offset === this.records.length) end.abort();
        return batch;
      },
      seek: (offset) => {
        position = offset;
      },
      commit: async (offset, metadata = '') => {
        this.#step();
        this.committed = { offset, metadata };
        this.#step();
      },
      pause: () => undefined,
      resume: () => undefined,
      endOffset: async () => this.records.length,
    };
  }
}

describe('I3 the shipper', () => {
  it('brings every record into the log, and marks every copy but the first', async () => {
    const failures = fc.array(fc.constantFrom('before' as const, 'after' as const, 'no' as const), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(1, 1, 1, 1, 101), { minLength: 1, maxLength: 30 }),
        failures.map((list) => [...list, 'no' as const]),
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (sizes, failing, fuses, readSize) => {
          const world = new World(sizes, failing);
          for (const fuse of [...fuses, Number.POSITIVE_INFINITY]) {
            world.fuse = fuse;
            try {
              await shipPartition(world.assignment(new AbortController(), readSize), {
                log: world,
                spool: world,
                retry: { baseMs: 0, capMs: 0 },
                onShipped: () => undefined,
                onRetry: () => undefined,
                onRefused: () => undefined,
              });
            } catch (error) {
              if (!(error instanceof Crash)) throw error;
            }
          }
          const fitting = world.records.filter(({ value }) => value.byteLength <= 100).map(({ key }) => key);
          const firsts = world.log.filter(({ id }, index) => world.log.findIndex((other) => other.id === id) === index);
          expect(firsts.map(({ id }) => id)).toEqual(fitting);
          const copies = world.log.filter((entry) => !firsts.includes(entry));
          expect(copies.every(({ resent }) => resent)).toBe(true);
          const tooLarge = world.records.filter(({ value }) => value.byteLength > 100).map(({ key }) => key);
          expect([...new Set(world.refused)].sort()).toEqual([...tooLarge].sort());
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
