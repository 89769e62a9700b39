import { expect, it } from 'vitest';
import {
  appendNumbered,
  assigned,
  consume,
  describePart,
  eventually,
  onAssignments,
  readAll,
  record,
  textOf,
  unique,
  untilAborted,
} from './contract-fixture.ts';

/** L3 and L4: how the members of a group share partitions. */
export const describeGroups = describePart('groups', (fixture) => {
  const { settleMs } = fixture.capabilities;

  it('L3 shares the partitions of a group about equally, and gives each to one member only', async () => {
    const topic = await fixture.topic({ partitions: 5 });
    const group = unique('group');
    const other = await fixture.harness().another();
    const first = await consume(fixture.log(), topic, group);
    const second = await consume(other, topic, group);
    await eventually(fixture, () => {
      expect([...first.held, ...second.held].sort()).toEqual([0, 1, 2, 3, 4]);
      expect(Math.abs(first.held.size - second.held.size)).toBe(1);
    });
    await second.stop();
    await eventually(fixture, () => expect([...first.held].sort()).toEqual([0, 1, 2, 3, 4]));
    await first.stop();
    await other.close();
  });

  it('L4 loses nothing and repeats nothing committed while members come and go', async () => {
    const topic = await fixture.topic({ partitions: 4 });
    const group = unique('group');
    const other = await fixture.harness().another();
    const append = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index += 1) {
        await fixture.log().append(topic, [record(`key-${index % 13}`, String(index))]);
      }
    };
    const first = await consume(fixture.log(), topic, group);
    await append(0, 100);
    const second = await consume(other, topic, group);
    await append(100, 200);
    await eventually(fixture, () => expect(second.held.size).toBe(2));
    await append(200, 300);
    await first.stop();
    await append(300, 400);
    const all = (): number[] => [...first.records, ...second.records].map((each) => Number(textOf(each)));
    await eventually(fixture, () => expect(new Set(all()).size).toBe(400));
    expect(all()).toHaveLength(400);
    await second.stop();
    await other.close();
  });

  it('delivers every record to each of two groups', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await appendNumbered(fixture.log(), topic, 10, 0);
    await appendNumbered(fixture.log(), topic, 10, 1);
    const consumers = await Promise.all(['a', 'b'].map((name) => consume(fixture.log(), topic, unique(name))));
    await eventually(fixture, () => {
      for (const consumer of consumers) expect(consumer.records).toHaveLength(20);
    });
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  });

  it('L3 fences the commit of an assignment that was revoked', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    await appendNumbered(fixture.log(), topic, 2);
    const first = await assigned(fixture, topic, group);
    await first.assignment.commit(1, 'kept');
    await first.stop();
    await expect(first.assignment.commit(2, 'late')).rejects.toMatchObject({ code: 'LOG_FENCED' });
    const second = await assigned(fixture, topic, group);
    expect(second.assignment.committed).toEqual({ offset: 1, metadata: 'kept' });
    await second.stop();
  });

  it('L3 fences a member that was taken for dead, and L4 resumes at its last commit', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    await appendNumbered(fixture.log(), topic, 10);
    const doomed = await fixture.harness().another();
    const first = await assigned(fixture, topic, group, { log: doomed });
    expect((await readAll(first.assignment, 10, settleMs)).length).toBe(10);
    await first.assignment.commit(4, 'sealed 4-9');
    await fixture.harness().crash(doomed);
    const second = await assigned(fixture, topic, group);
    expect(second.assignment.committed).toEqual({ offset: 4, metadata: 'sealed 4-9' });
    expect(second.assignment.generation).toBeGreaterThan(first.assignment.generation);
    const seen = (await readAll(second.assignment, 6, settleMs)).map(textOf);
    expect(seen).toEqual(['4', '5', '6', '7', '8', '9']);
    await expect(first.assignment.commit(10)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    await second.stop();
  });

  it('L4 assigns again from the committed offset when a handler throws, and reports the error', async () => {
    const topic = await fixture.topic();
    await appendNumbered(fixture.log(), topic, 6);
    const seen: string[][] = [];
    const generations: number[] = [];
    const errors: unknown[] = [];
    const subscription = await onAssignments(
      fixture.log(),
      topic,
      unique('group'),
      async (assignment) => {
        generations.push(assignment.generation);
        const batch = await readAll(assignment, seen.length === 0 ? 6 : 4, settleMs);
        seen.push(batch.map(textOf));
        if (seen.length > 1) return untilAborted(assignment.signal);
        await assignment.commit(2);
        throw new Error('handler failed');
      },
      { onError: (error) => errors.push(error) },
    );
    await eventually(fixture, () => expect(seen).toHaveLength(2));
    expect(seen[1]).toEqual(['2', '3', '4', '5']);
    expect(errors).toMatchObject([{ message: 'handler failed' }]);
    expect(generations[1]).toBeGreaterThan(generations[0] ?? 0);
    await subscription.stop();
  });

  it('aborts the signal on stop, waits for the handler, and frees the partition at once', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    let finished = false;
    const started = Promise.withResolvers<void>();
    const subscription = await onAssignments(fixture.log(), topic, group, async ({ signal }) => {
      started.resolve();
      await untilAborted(signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      finished = true;
    });
    await started.promise;
    await subscription.stop();
    expect(finished).toBe(true);
    await subscription.stop();
    const next = await assigned(fixture, topic, group);
    expect(next.assignment.partition).toBe(0);
    await next.stop();
  });

  it('subscribes to several topics', async () => {
    const topics = [await fixture.topic({ partitions: 2 }), await fixture.topic({ partitions: 1 })];
    const held = new Set<string>();
    const subscription = await fixture.log().subscribe({
      group: unique('group'),
      topics,
      onAssigned: async (assignment) => {
        held.add(`${assignment.topic}/${assignment.partition}`);
        await untilAborted(assignment.signal);
      },
    });
    await eventually(fixture, () => {
      expect([...held].sort()).toEqual([`${topics[0]}/0`, `${topics[0]}/1`, `${topics[1]}/0`].sort());
    });
    await subscription.stop();
  });

  it('assigns partitions that are added later', async () => {
    const topic = await fixture.topic({ partitions: 1 });
    const consumer = await consume(fixture.log(), topic, unique('group'));
    await fixture.log().ensureTopics([{ name: topic, partitions: 3 }]);
    await fixture.log().append(topic, [record(null, 'in the new one', { partition: 2 })]);
    await eventually(fixture, () => expect(consumer.records.map(textOf)).toEqual(['in the new one']));
    await consumer.stop();
  });

  it('refuses to subscribe to an unknown topic', async () => {
    await expect(
      fixture.log().subscribe({ group: 'g', topics: ['no-such-topic'], onAssigned: async () => {} }),
    ).rejects.toMatchObject({ code: 'LOG_UNKNOWN_TOPIC' });
  });
});
