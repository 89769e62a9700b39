import type { Assignment } from '@weir/event-log';
import { WeirError } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_PROGRESS, writeSeal } from '../range/seal.ts';
import { Crash, LoaderWorld, type WorldEvent } from '../testing/loader-world.ts';
import { runPartitionLoader } from './partition-loader.ts';

/** Starts the loader again and again, each time with a fuse of its own, until everything is committed. */
async function runToEnd(world: LoaderWorld, fuses: readonly number[], readSize: number, rows: number): Promise<void> {
  for (const fuse of [...fuses, Number.POSITIVE_INFINITY]) {
    world.restart(fuse);
    const signal = new AbortController();
    try {
      await runPartitionLoader(world.assignment(signal, readSize), world.dependencies(rows));
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

const run = fc.record({
  fresh: fc.integer({ min: 1, max: 6 }),
  /** The cost service died before its commit: the same events again, with the same marks. */
  repeat: fc.nat({ max: 5 }),
  /** The shipper died before its commit: earlier requests again, under new marks; known as such, or not. */
  resent: fc.nat({ max: 4 }),
  resentKnown: fc.boolean(),
  poison: fc.boolean(),
});

/** A stream as services that crash write it. Repeats without a header come soon after, as only a late answer does. */
const stream = fc.array(run, { maxLength: 12 }).map((runs) => {
  const events: WorldEvent[] = [];
  let id = 0;
  let mark = 0;
  for (const { fresh, repeat, resent, resentKnown, poison } of runs) {
    const recent = events.slice(-repeat).filter((event) => repeat > 0 && event.poison !== true);
    events.push(...recent);
    for (let count = 0; count < fresh; count += 1) events.push({ id: id++, mark: mark++ });
    for (let back = Math.max(0, id - resent); back < id; back += 1) {
      events.push({ id: back, mark: mark++, ...(resentKnown ? { resent: true } : {}) });
    }
    if (poison) events.push({ id: -1, mark: -1, poison: true });
  }
  return events;
});

const fuses = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
const small = fc.integer({ min: 1, max: 9 });

const distinctIds = (events: readonly WorldEvent[]): number =>
  new Set(events.filter(({ poison }) => poison !== true).map(({ id }) => id)).size;

const expectExact = (world: LoaderWorld, events: readonly WorldEvent[]): void => {
  expect(new Set(world.ids).size).toBe(distinctIds(events));
  expect(world.ids).toHaveLength(distinctIds(events));
  const poison = events.flatMap((event, offset) => (event.poison === true ? [offset] : []));
  expect([...new Set(world.buried)].sort((a, b) => a - b)).toEqual(poison);
  expect(world.committed?.offset ?? 0).toBe(events.length);
};

describe('I3 the partition loader', () => {
  it('lands every event once, wherever it dies, whatever is repeated, resent, forgotten or half-noted', async () => {
    const faults = fc.constantFrom(
      { tokenWithoutRows: false, forgetsTokens: false },
      { tokenWithoutRows: true, forgetsTokens: false },
      { tokenWithoutRows: false, forgetsTokens: true },
    );
    await fc.assert(
      fc.asyncProperty(stream, fuses, small, small, faults, async (events, fuse, readSize, rows, fault) => {
        const world = new LoaderWorld(events, fault);
        await runToEnd(world, fuse, readSize, rows);
        expectExact(world, events);
      }),
      { numRuns: 600 },
    );
  });

  it('replays under a new epoch: what the ledger has is left out, what it lacks comes back', async () => {
    await fc.assert(
      fc.asyncProperty(stream, fuses, small, small, fc.func(fc.boolean()), async (events, fuse, size, rows, lost) => {
        const world = new LoaderWorld(events, { tokenWithoutRows: false, forgetsTokens: false });
        await runToEnd(world, [], size, rows);
        const kept = world.landed.filter(({ id }) => !lost(id));
        world.landed.splice(0, world.landed.length, ...kept);
        const replay = { ...NO_PROGRESS, highWater: events.length, epoch: 1, replayUntil: events.length - 1 };
        world.committed = { offset: 0, metadata: writeSeal(null, replay) };
        await runToEnd(world, fuse, size, rows);
        expectExact(world, events);
      }),
      { numRuns: 200 },
    );
  });

  it('names more left-out rows than one seal can hold by ending the range before them', async () => {
    // Every second row is a repeat: each is a run of its own in the seal.
    const once = Array.from({ length: 4_000 }, (_, id) => ({ id, mark: id }));
    const mixed = once.flatMap(({ id }) => [
      { id, mark: 10_000 + 2 * id, resent: true },
      { id: 10_000 + id, mark: 10_001 + 2 * id },
    ]);
    const world = new LoaderWorld([...once, ...mixed], { tokenWithoutRows: false, forgetsTokens: false });
    await runToEnd(world, [9], 5_000, 20_000);
    expectExact(world, [...once, ...mixed]);
  });

  it('quarantines what the warehouse refuses, and only that', async () => {
    const events = Array.from({ length: 20 }, (_, id) => ({ id, mark: id }));
    const world = new LoaderWorld(events, { tokenWithoutRows: false, forgetsTokens: false });
    const honest = world.dependencies(20);
    const refused = new Set([3, 11]);
    const signal = new AbortController();
    world.restart(Number.POSITIVE_INFINITY);
    await runPartitionLoader(world.assignment(signal, 50), {
      ...honest,
      onDataError: 'quarantine',
      async insert(batch) {
        const values = (batch.rows.kind === 'json' ? batch.rows.values : []) as unknown as { offset: number }[];
        if (values.some(({ offset }) => refused.has(offset))) throw new WeirError('WAREHOUSE_DATA', 'not a row');
        await honest.insert(batch);
      },
    });
    expect(world.buried.sort((a, b) => a - b)).toEqual([...refused]);
    expect(world.landed.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(
      events.map(({ id }) => id).filter((id) => !refused.has(id)),
    );
  });

  it('halts on data that the warehouse refuses, unless it may quarantine', async () => {
    const world = new LoaderWorld([{ id: 0, mark: 0 }], { tokenWithoutRows: false, forgetsTokens: false });
    const error = new WeirError('WAREHOUSE_DATA', 'not a row');
    const dependencies = { ...world.dependencies(5), insert: () => Promise.reject(error) };
    await expect(runPartitionLoader(world.assignment(new AbortController(), 5), dependencies)).rejects.toBe(error);
    expect(world.landed).toEqual([]);
    expect(world.buried).toEqual([]);
  });

  it('inserts nothing when its seal is refused', async () => {
    const events = [0, 1, 2].map((id) => ({ id, mark: id }));
    const world = new LoaderWorld(events, { tokenWithoutRows: false, forgetsTokens: false });
    const fenced = new WeirError('LOG_FENCED', 'another member has the partition');
    const assignment: Assignment = {
      ...world.assignment(new AbortController(), 10),
      commit: () => Promise.reject(fenced),
    };
    await expect(runPartitionLoader(assignment, world.dependencies(10))).rejects.toBe(fenced);
    expect(world.landed).toEqual([]);
  });
});
