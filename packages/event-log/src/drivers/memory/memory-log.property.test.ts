import { errorCode } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Assignment, Subscription } from '../../event-log.ts';
import { untilAborted } from '../../testing/contract-fixture.ts';
import { type MemoryLog, openMemoryLog } from './memory-log.ts';
import { MemoryStorage } from './memory-storage.ts';

const LIMIT = 200;

type Step =
  | { readonly do: 'append'; readonly sizes: readonly number[] }
  | { readonly do: 'read'; readonly maxRecords: number; readonly maxBytes: number }
  | { readonly do: 'commit' | 'reassign' | 'crash' }
  | { readonly do: 'seek'; readonly back: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('append' as const), sizes: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }) }),
  fc.record({ do: fc.constant('read' as const), maxRecords: fc.integer({ min: 1, max: 5 }), maxBytes: fc.nat(60) }),
  fc.record({ do: fc.constantFrom('commit' as const, 'reassign' as const, 'crash' as const) }),
  fc.record({ do: fc.constant('seek' as const), back: fc.nat(5) }),
);

/** One partition as a list, and one consumer's view on it. */
class Model {
  readonly sizes: number[] = [];
  committed = 0;
  position = 0;

  /** What the next read must return. */
  take(maxRecords: number, maxBytes: number): number[] {
    const taken: number[] = [];
    let bytes = 0;
    while (this.position < this.sizes.length && taken.length < maxRecords) {
      bytes += this.sizes[this.position] ?? 0;
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(this.position);
      this.position += 1;
    }
    return taken;
  }

  /** Bytes kept at least: everything not committed. */
  get uncommittedBytes(): number {
    return this.sizes.slice(this.committed).reduce((sum, size) => sum + size, 0);
  }
}

async function join(log: MemoryLog): Promise<{ assignment: Assignment; subscription: Subscription }> {
  const given = Promise.withResolvers<Assignment>();
  const subscription = await log.subscribe({
    group: 'g',
    topics: ['t'],
    onAssigned: (assignment) => {
      given.resolve(assignment);
      return untilAborted(assignment.signal);
    },
  });
  return { assignment: await given.promise, subscription };
}

async function run(steps: readonly Step[]): Promise<void> {
  const storage = new MemoryStorage();
  let now = 0;
  const clock = { now: () => now, monotonic: () => now };
  const open = (): MemoryLog => openMemoryLog({ storage, clock });
  const model = new Model();
  let log = open();
  await log.ensureTopics([{ name: 't', partitions: 1, maxBytes: LIMIT, retentionBytes: 1, protectedGroups: ['g'] }]);
  let member = await join(log);
  let generation = member.assignment.generation;
  for (const action of steps) {
    if (action.do === 'append') {
      append(log, model, action.sizes);
    } else if (action.do === 'read') {
      const expected = model.take(action.maxRecords, action.maxBytes);
      const batch = await member.assignment.read({ ...action, waitMs: 0 });
      expect(batch.map((stored) => stored.offset)).toEqual(expected);
      expect(batch.map((stored) => stored.value.length)).toEqual(expected.map((offset) => model.sizes[offset]));
    } else if (action.do === 'commit') {
      await member.assignment.commit(model.position);
      model.committed = model.position;
    } else if (action.do === 'seek') {
      model.position = Math.max(model.committed, model.position - action.back);
      member.assignment.seek(model.position);
    } else {
      const last = member.assignment;
      if (action.do === 'reassign') {
        await member.subscription.stop();
      } else {
        log.abandon();
        now += 10_000;
        log = open();
      }
      member = await join(log);
      expect(await last.commit(0).catch(errorCode)).toBe('LOG_FENCED');
      expect(member.assignment.generation).toBeGreaterThan(generation);
      generation = member.assignment.generation;
      model.position = model.committed;
    }
    // Only one consumer commits, so what it has committed is what the group has.
    const [{ committed, endOffset } = { committed: null, endOffset: 0 }] = await log.lag('g', 't');
    expect(committed ?? 0).toBe(model.committed);
    expect(endOffset).toBe(model.sizes.length);
  }
  await log.close();
}

function append(log: MemoryLog, model: Model, sizes: readonly number[]): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const records = sizes.map((size) => ({ key: null, value: new Uint8Array(size) }));
  try {
    const positions = log.appendSync('t', records);
    expect(positions.map((position) => position.offset)).toEqual(sizes.map((_, index) => model.sizes.length + index));
    model.sizes.push(...sizes);
  } catch (error) {
    expect(errorCode(error)).toBe('LOG_FULL');
    // Refused only when the uncommitted records and these really do not fit.
    expect(model.uncommittedBytes + bytes).toBeGreaterThan(LIMIT - 1);
  }
}

describe('memory log against a list', () => {
  it('L1 to L6: any sequence of appends, reads, commits, seeks, reassignments and crashes', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), run), { numRuns: 200 });
  });
});
