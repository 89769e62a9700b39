import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, systemClock } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupStore } from '../drivers/embedded/group/group-store.ts';
import { MemoryStorage } from '../drivers/memory/index.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import type { GroupStorage } from './group-storage.ts';

const LEASE_MS = 1_000;
const PARTITIONS = 3;
const MEMBERS = ['a', 'b', 'c'];

/** What any sequence of turns, commits, crashes and waits may do to a group, and what must hold after each step. */
type Step =
  | { readonly do: 'turn'; readonly member: string }
  | { readonly do: 'leave'; readonly member: string }
  | { readonly do: 'commit'; readonly member: string; readonly partition: number; readonly stale: boolean }
  | { readonly do: 'restart'; readonly member: string; readonly partition: number }
  | { readonly do: 'release'; readonly member: string; readonly partition: number }
  | { readonly do: 'wait'; readonly ms: number };

const member = fc.constantFrom(...MEMBERS);
const partition = fc.nat(PARTITIONS - 1);
/** Whether a handler of an earlier assignment of the same member commits. */
const stale = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('turn' as const), member }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), member }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), member, partition, stale }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), member, partition }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), member, partition }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 600, 1_100) }) },
);

/** The simplest account of a group: who was last given each partition, and what was committed. */
class Model {
  readonly granted: { member: string | null; generation: number }[];
  readonly committed: (number | null)[];
  /** What each member believes it holds: it learns of a loss at its next turn only. */
  readonly believes = new Map<string, number>();
  now = 0;
  offset = 0;

  constructor() {
    this.granted = Array.from({ length: PARTITIONS }, () => ({ member: null, generation: 0 }));
    this.committed = Array.from({ length: PARTITIONS }, () => null);
  }

  grant(to: string, at: number, generation: number): void {
    const last = this.granted[at];
    // A new assignment has a new generation; an old one keeps its own.
    if (last?.member === to && last.generation === generation) return;
    expect(generation).toBeGreaterThan(last?.generation ?? 0);
    this.granted[at] = { member: to, generation };
    this.believes.set(`${to}/${at}`, generation);
  }
}

function run(storage: GroupStorage, group: string, steps: readonly Step[]): void {
  const model = new Model();
  const clock = { now: () => model.now, monotonic: () => model.now };
  const coordinator = new GroupCoordinator({ storage, partitionsOf: () => PARTITIONS, leaseMs: LEASE_MS, clock });
  for (const action of steps) apply(coordinator, group, model, action);
  // However it went, members that keep taking turns end up with everything, about equally.
  for (let round = 0; round < 6; round += 1) {
    model.now += LEASE_MS / 2;
    for (const each of ['a', 'b']) {
      for (const holding of coordinator.takeTurn(group, each, ['t']).holdings) {
        if (!holding.wanted) coordinator.release(group, each, 't', holding.partition);
      }
    }
  }
  const sizes = ['a', 'b'].map((each) => coordinator.takeTurn(group, each, ['t']).holdings.length);
  expect(sizes.sort()).toEqual([1, 2]);
}

function apply(coordinator: GroupCoordinator, group: string, model: Model, action: Step): void {
  if (action.do === 'wait') {
    model.now += action.ms;
  } else if (action.do === 'turn') {
    for (const holding of coordinator.takeTurn(group, action.member, ['t']).holdings) {
      model.grant(action.member, holding.partition, holding.generation);
      expect(holding.committed?.offset ?? null).toBe(model.committed[holding.partition]);
    }
  } else if (action.do === 'leave') {
    coordinator.leave(group, action.member);
  } else if (action.do === 'release') {
    coordinator.release(group, action.member, 't', action.partition);
  } else if (action.do === 'restart') {
    const holding = coordinator.restart(group, action.member, 't', action.partition);
    if (holding !== null) model.grant(action.member, action.partition, holding.generation);
  } else {
    commit(coordinator, group, model, action);
  }
}

function commit(coordinator: GroupCoordinator, group: string, model: Model, by: Extract<Step, { do: 'commit' }>): void {
  const { member: who, partition: at } = by;
  const generation = (model.believes.get(`${who}/${at}`) ?? 0) - (by.stale ? 1 : 0);
  const newest = model.granted[at];
  model.offset += 1;
  try {
    coordinator.commit(group, who, { topic: 't', partition: at, generation }, { offset: model.offset, metadata: who });
    // Accepted from the newest assignment only.
    expect(newest).toEqual({ member: who, generation });
    model.committed[at] = model.offset;
  } catch (error) {
    expect(errorCode(error)).toBe('LOG_FENCED');
  }
  expect(coordinator.committed(group, 't', at)?.offset ?? null).toBe(model.committed[at]);
}

describe('group protocol', () => {
  it('L3 L4 never gives one partition to two, never accepts a fenced commit, never loses an accepted one', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => run(new MemoryStorage(), 'group', steps)),
      { numRuns: 300 },
    );
  });

  it('does the same on the embedded store', () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-groups-'));
    const storage = new GroupStore(directory, systemClock);
    let group = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        group += 1;
        run(storage, `group-${group}`, steps);
      }),
      { numRuns: 40 },
    );
    storage.close();
    rmSync(directory, { recursive: true });
  });
});
