import type { Assignment, EventLog } from '@weir/event-log';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import type { Watermark } from '@weir/exporter';
import type { Started } from '@weir/kernel';
import { tempDirectory, waitFor } from '@weir/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogWatermark } from './log-watermark.ts';

let folder: Started<string>;
let log: EventLog;
let now = 1_000;
beforeEach(async () => {
  folder = await tempDirectory();
  log = await openEmbeddedLog({ directory: folder.value });
  await log.ensureTopics(['in', 'out'].map((name) => ({ name, partitions: 3 })));
  now = 1_000;
});
afterEach(async () => {
  await log.close();
  await folder.stop();
});

const append = (topic: string, partition: number): Promise<unknown> =>
  log.append(topic, [{ key: null, value: Buffer.from('x'), partition }]);

/** Joins a group and hands out its assignments, so that the test decides when it commits. */
async function join(group: string, topic: string): Promise<ReadonlyMap<number, Assignment>> {
  const assignments = new Map<number, Assignment>();
  await log.subscribe({
    group,
    topics: [topic],
    onAssigned: (assignment) => {
      assignments.set(assignment.partition, assignment);
      return new Promise((resolve) => assignment.signal.addEventListener('abort', () => resolve()));
    },
  });
  await waitFor(() => assignments.size === 3, { what: 'the partitions' });
  return assignments;
}

const watermark = (alongside: readonly { group: string; topic: string }[] = []): Watermark =>
  createLogWatermark(log, {
    cost: { group: 'cost', topic: 'in' },
    loader: { group: 'loader', topic: 'out' },
    alongside,
    clock: { now: () => now, monotonic: () => now },
  });

describe('I3 the watermark of the log', () => {
  it('is now while nothing waits, idle partitions and groups that never committed included', async () => {
    expect(await watermark().closedBefore()).toBe(1_000);
  });

  it('stands still until the cost service and then the loader have passed what was there at the moment', async () => {
    const mark = watermark();
    const [cost, loader] = [await join('cost', 'in'), await join('loader', 'out')];
    expect(await mark.closedBefore()).toBe(1_000);
    await append('in', 0);
    now = 2_000;
    expect(await mark.closedBefore()).toBe(1_000);
    now = 3_000;
    // What comes later, on another partition, is not waited for by this moment.
    await append('in', 1);
    await append('out', 0);
    await cost.get(0)?.commit(1);
    expect(await mark.closedBefore()).toBe(1_000);
    await loader.get(0)?.commit(1);
    expect(await mark.closedBefore()).toBe(2_000);
    now = 4_000;
    expect(await mark.closedBefore()).toBe(2_000);
    await append('out', 1);
    await cost.get(1)?.commit(1);
    expect(await mark.closedBefore()).toBe(2_000);
    await loader.get(1)?.commit(1);
    expect(await mark.closedBefore()).toBe(4_000);
  });

  it('is not fooled by costs that are loaded while their requests still wait', async () => {
    const mark = watermark();
    const [cost, loader] = [await join('cost', 'in'), await join('loader', 'out')];
    await append('in', 2);
    await append('in', 2);
    expect(await mark.closedBefore()).toBeUndefined();
    await append('out', 2);
    await loader.get(2)?.commit(1);
    await cost.get(2)?.commit(1);
    expect(await mark.closedBefore()).toBeUndefined();
    await append('out', 2);
    await cost.get(2)?.commit(2);
    expect(await mark.closedBefore()).toBeUndefined();
    await loader.get(2)?.commit(2);
    expect(await mark.closedBefore()).toBe(1_000);
  });

  it('waits for the readers alongside too', async () => {
    const mark = watermark([{ group: 'bodies', topic: 'in' }]);
    const [cost, bodies] = [await join('cost', 'in'), await join('bodies', 'in')];
    await append('in', 0);
    await cost.get(0)?.commit(1);
    expect(await mark.closedBefore()).toBeUndefined();
    await bodies.get(0)?.commit(1);
    expect(await mark.closedBefore()).toBe(1_000);
  });
});
