import { expect, it } from 'vitest';
import { appendNumbered, assigned, describePart, LIMITS, readAll, record, textOf, unique } from './contract-fixture.ts';

/** L4 and L5: what one assignment does. */
export const describeAssignment = describePart('assignment', (fixture) => {
  const { settleMs } = fixture.capabilities;

  it('L5 reads at most maxRecords, and goes on where it stopped', async () => {
    const topic = await fixture.topic();
    await appendNumbered(fixture.log(), topic, 25);
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    const seen: string[] = [];
    while (seen.length < 25) {
      const batch = await assignment.read({ ...LIMITS, maxRecords: 10, waitMs: settleMs });
      expect(batch.length).toBeGreaterThan(0);
      expect(batch.length).toBeLessThanOrEqual(10);
      seen.push(...batch.map(textOf));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => String(index)));
    await stop();
  });

  it('L5 reads at most maxBytes, but always at least one record', async () => {
    const topic = await fixture.topic();
    const records = Array.from({ length: 6 }, (_, index) => record('k', String(index).repeat(1_000)));
    await fixture.log().append(topic, records);
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    const sizes: number[] = [];
    for (const maxBytes of [1, 2_500, 1]) {
      const batch = await assignment.read({ maxRecords: 10, maxBytes, waitMs: settleMs });
      sizes.push(batch.length);
    }
    expect(sizes).toEqual([1, 2, 1]);
    await stop();
  });

  it('returns nothing after waitMs, and at once with 0', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    const before = performance.now();
    expect(await assignment.read({ ...LIMITS, waitMs: 0 })).toEqual([]);
    expect(performance.now() - before).toBeLessThan(150);
    expect(await assignment.read({ ...LIMITS, waitMs: 150 })).toEqual([]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(140);
    await stop();
  });

  it('wakes a waiting read when a record is appended', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    const reading = assignment.read({ ...LIMITS, waitMs: 30_000 });
    await fixture.log().append(topic, [record('k', 'awaited')]);
    expect((await reading).map(textOf)).toEqual(['awaited']);
    await stop();
  });

  it('ends a waiting read when it is revoked', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    const reading = assignment.read({ ...LIMITS, waitMs: 60_000 });
    await stop();
    expect(await reading).toEqual([]);
    expect(await assignment.read(LIMITS)).toEqual([]);
  });

  it('moves with seek, forth and back', async () => {
    const topic = await fixture.topic();
    await appendNumbered(fixture.log(), topic, 10);
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    assignment.seek(7);
    expect((await readAll(assignment, 3, settleMs)).map((each) => each.offset)).toEqual([7, 8, 9]);
    assignment.seek(2);
    expect((await assignment.read({ ...LIMITS, maxRecords: 1, waitMs: settleMs })).map(textOf)).toEqual(['2']);
    assignment.seek(10);
    expect(await assignment.read(LIMITS)).toEqual([]);
    await stop();
  });

  it('L5 fetches nothing while paused, and goes on after resume', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    assignment.pause();
    await appendNumbered(fixture.log(), topic, 2);
    expect(await assignment.read(LIMITS)).toEqual([]);
    assignment.resume();
    expect((await readAll(assignment, 2, settleMs)).map(textOf)).toEqual(['0', '1']);
    await stop();
  });

  it('tells the end offset', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    await appendNumbered(fixture.log(), topic, 4);
    expect(await assignment.endOffset()).toBe(4);
    await stop();
  });

  it('L4 commits an offset with 4,096 bytes of metadata and gives both to the next assignment', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    await appendNumbered(fixture.log(), topic, 5);
    const first = await assigned(fixture, topic, group);
    expect(first.assignment.committed).toBeNull();
    const metadata = `ü${'m'.repeat(4_094)}`;
    await first.assignment.commit(3, metadata);
    await first.stop();
    const second = await assigned(fixture, topic, group);
    expect(second.assignment.committed).toEqual({ offset: 3, metadata });
    expect(second.assignment.generation).toBeGreaterThan(first.assignment.generation);
    expect((await readAll(second.assignment, 2, settleMs)).map(textOf)).toEqual(['3', '4']);
    await second.stop();
  });

  it('refuses metadata beyond 4,096 bytes', async () => {
    const topic = await fixture.topic();
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    await expect(assignment.commit(0, 'm'.repeat(4_097))).rejects.toMatchObject({ code: 'LOG_METADATA_TOO_LARGE' });
    await assignment.commit(0);
    await stop();
  });

  it('starts a new group at the latest record when asked to', async () => {
    const topic = await fixture.topic();
    await appendNumbered(fixture.log(), topic, 3);
    const { assignment, stop } = await assigned(fixture, topic, unique('group'), { from: 'latest' });
    expect(await assignment.read(LIMITS)).toEqual([]);
    await fixture.log().append(topic, [record('k', 'new')]);
    expect((await readAll(assignment, 1, settleMs)).map(textOf)).toEqual(['new']);
    await stop();
  });

  it('L4 skips nothing that came between two assignments of a group that starts at the latest', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    const first = await assigned(fixture, topic, group, { from: 'latest' });
    await first.assignment.read({ ...LIMITS, waitMs: 50 });
    await first.stop();
    await fixture.log().append(topic, [record('k', 'between')]);
    const second = await assigned(fixture, topic, group, { from: 'latest' });
    expect((await readAll(second.assignment, 1, settleMs)).map(textOf)).toEqual(['between']);
    await second.stop();
  });

  it('reports the lag of a group', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    const group = unique('group');
    await appendNumbered(fixture.log(), topic, 6, 0);
    await appendNumbered(fixture.log(), topic, 1, 1);
    const subscription = await fixture.log().subscribe({
      group,
      topics: [topic],
      onAssigned: async (each) => {
        if (each.partition === 0) await each.commit(4);
        await new Promise<void>((resolve) => each.signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    });
    await expect
      .poll(() => fixture.log().lag(group, topic), { timeout: settleMs })
      .toEqual([
        { partition: 0, committed: 4, startOffset: 0, endOffset: 6, lag: 2 },
        { partition: 1, committed: null, startOffset: 0, endOffset: 1, lag: 1 },
      ]);
    await subscription.stop();
  });
});
