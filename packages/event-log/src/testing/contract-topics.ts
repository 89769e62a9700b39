import { expect, it } from 'vitest';
import { appendNumbered, describePart, record, tailAll, textOf, unique } from './contract-fixture.ts';

/** What topics are, and `describe`. */
export const describeTopics = describePart('topics', (fixture) => {
  const { settleMs } = fixture.capabilities;

  it('creates topics once and keeps their records when they are ensured again', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await appendNumbered(fixture.log(), topic, 3);
    await fixture.log().ensureTopics([{ name: topic, partitions: 2 }]);
    expect((await tailAll(fixture.log(), topic, 3, settleMs)).map(textOf)).toEqual(['0', '1', '2']);
  });

  it('adds partitions and never removes any', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await fixture.log().ensureTopics([{ name: topic, partitions: 4 }]);
    await fixture.log().ensureTopics([{ name: topic, partitions: 1 }]);
    const described = (await fixture.log().describe()).find((each) => each.name === topic);
    expect(described?.partitions).toBe(4);
    const [position] = await fixture.log().append(topic, [record(null, 'v', { partition: 3 })]);
    expect(position?.partition).toBe(3);
  });

  it('shows a topic to a log that was open before it was created, and to one opened after', async () => {
    const before = await fixture.harness().another();
    const topic = await fixture.topic();
    const after = await fixture.harness().another();
    await before.append(topic, [record('k', 'before')]);
    await after.append(topic, [record('k', 'after')]);
    expect((await tailAll(fixture.log(), topic, 2, settleMs)).map(textOf)).toEqual(['before', 'after']);
    await before.close();
    await after.close();
  });

  it.each([
    ['a name Kafka forbids', { name: 'a/b', partitions: 1 }],
    ['no partition', { name: 'ok', partitions: 0 }],
  ])('refuses %s', async (_, spec) => {
    await expect(fixture.log().ensureTopics([spec])).rejects.toMatchObject({ code: 'LOG_INVALID_TOPIC' });
  });

  it('describes each topic by its records and bytes', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await appendNumbered(fixture.log(), topic, 5, 0);
    await appendNumbered(fixture.log(), topic, 4, 1);
    const described = (await fixture.log().describe()).find((each) => each.name === topic);
    expect(described).toMatchObject({ name: topic, partitions: 2, records: 9 });
    if (fixture.capabilities.knowsBytes) expect(described?.bytes).toBeGreaterThanOrEqual(9);
    else expect(described?.bytes).toBeNull();
  });

  it('refuses everything after close', async () => {
    const log = await fixture.harness().another();
    const topic = await fixture.topic();
    await log.close();
    await log.close();
    await expect(log.append(topic, [record('k', 'v')])).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await expect(log.describe()).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });
});

/** Reading without a group. */
export const describeTail = describePart('tail', (fixture) => {
  const { settleMs } = fixture.capabilities;

  it('reads from the earliest record and goes on with new ones', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await appendNumbered(fixture.log(), topic, 2, 0);
    const seen: string[] = [];
    const stop = new AbortController();
    for await (const stored of fixture.log().tail(topic, { from: 'earliest', signal: stop.signal })) {
      seen.push(textOf(stored));
      if (seen.length === 2) await fixture.log().append(topic, [record(null, 'new', { partition: 1 })]);
      if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual(['0', '1', 'new']);
  });

  it('reads from the latest record: nothing that was there before', async () => {
    const topic = await fixture.topic();
    await appendNumbered(fixture.log(), topic, 3);
    const stop = new AbortController();
    const iterator = fixture.log().tail(topic, { from: 'latest', signal: stop.signal })[Symbol.asyncIterator]();
    const first = iterator.next();
    // The position is taken at the first step of the iterator, which a remote broker may take a moment for.
    const appending = setInterval(() => void fixture.log().append(topic, [record(null, 'new')]), settleMs / 10);
    const { value } = await first;
    clearInterval(appending);
    expect(textOf(value)).toBe('new');
    stop.abort();
    await iterator.return?.();
  });

  it('ends when its signal aborts, also while it waits', async () => {
    const topic = await fixture.topic();
    const seen = [];
    for await (const stored of fixture.log().tail(topic, { from: 'earliest', signal: AbortSignal.timeout(200) })) {
      seen.push(stored);
    }
    expect(seen).toEqual([]);
  });

  it('commits nothing and needs no group', async () => {
    const topic = await fixture.topic();
    const group = unique('group');
    await appendNumbered(fixture.log(), topic, 3);
    await tailAll(fixture.log(), topic, 3, settleMs);
    expect(await fixture.log().lag(group, topic)).toEqual([
      { partition: 0, committed: null, startOffset: 0, endOffset: 3, lag: 3 },
    ]);
  });
});
