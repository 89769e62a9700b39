import { expect, it } from 'vitest';
import type { EventLog, LogRecord } from '../event-log.ts';
import { assigned, describePart, record, tailAll, textOf, unique } from './contract-fixture.ts';

const KILOBYTE = 'x'.repeat(1_000);

const kilobytes = (count: number, rest: Partial<LogRecord> = {}): LogRecord[] =>
  Array.from({ length: count }, () => record('k', KILOBYTE, rest));

async function fill(log: EventLog, topic: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await log.append(topic, kilobytes(1));
}

/** L6: what a topic's byte limit refuses, for drivers that enforce it themselves. */
export const describeByteLimit = describePart('byte limit', (fixture) => {
  const { settleMs } = fixture.capabilities;

  it('L6 refuses appends at maxBytes, loses nothing, and accepts them again when room was made', async () => {
    const group = unique('protected');
    const limits = { maxBytes: 100_000, retentionBytes: 20_000, protectedGroups: [group] };
    const topic = await fixture.topic({ ...limits });
    const refused = fill(fixture.log(), topic, 200);
    await expect(refused).rejects.toMatchObject({ code: 'LOG_FULL', retriable: true });
    const [{ endOffset } = { endOffset: 0 }] = await fixture.log().lag(group, topic);
    expect(endOffset).toBeGreaterThan(80);
    expect(await tailAll(fixture.log(), topic, endOffset, settleMs)).toHaveLength(endOffset);
    const { assignment, stop } = await assigned(fixture, topic, group);
    await assignment.commit(endOffset);
    await stop();
    await expect
      .poll(
        () =>
          fill(fixture.log(), topic, 1).then(
            () => 'accepted',
            () => 'refused',
          ),
        { timeout: settleMs },
      )
      .toBe('accepted');
  });

  it('L6 refuses a batch that does not fit as a whole', async () => {
    const topic = await fixture.topic({ maxBytes: 50_000 });
    await fill(fixture.log(), topic, 30);
    await expect(fixture.log().append(topic, kilobytes(30))).rejects.toMatchObject({ code: 'LOG_FULL' });
    expect((await fixture.log().lag('nobody', topic))[0]?.endOffset).toBe(30);
    await fill(fixture.log(), topic, 5);
  });
});

/** L6: what a topic's limits remove, for drivers that can be told when. */
export const describeRetention = describePart('retention', (fixture) => {
  const { settleMs, retain } = fixture.capabilities;
  const startOf = async (topic: string): Promise<number> =>
    (await fixture.log().lag('nobody', topic))[0]?.startOffset ?? 0;

  it('L6 removes committed records beyond retentionBytes, oldest first, and never uncommitted ones', async () => {
    const group = unique('protected');
    const topic = await fixture.topic({ retentionBytes: 40_000, protectedGroups: [group] });
    await fill(fixture.log(), topic, 200);
    await retain?.(fixture.log());
    expect(await startOf(topic)).toBe(0);
    const { assignment, stop } = await assigned(fixture, topic, group);
    await assignment.commit(120);
    await retain?.(fixture.log());
    const start = await startOf(topic);
    expect(start).toBeGreaterThan(60);
    expect(start).toBeLessThanOrEqual(120);
    await assignment.commit(200);
    await retain?.(fixture.log());
    const described = (await fixture.log().describe()).find((each) => each.name === topic);
    expect(described?.bytes).toBeLessThanOrEqual(40_000);
    expect(described?.records).toBeGreaterThan(0);
    await stop();
  });

  it('removes records older than retentionMs', async () => {
    const topic = await fixture.topic({ retentionMs: 60_000 });
    await fixture.log().append(topic, kilobytes(50, { timestampMs: Date.now() - 120_000 }));
    await retain?.(fixture.log());
    await fixture.log().append(topic, kilobytes(5));
    await retain?.(fixture.log());
    expect(await startOf(topic)).toBe(50);
  });

  it('L6 keeps everything that a protected group without a commit has not seen', async () => {
    const topic = await fixture.topic({ retentionMs: 1_000, protectedGroups: [unique('never')] });
    await fixture.log().append(topic, kilobytes(50, { timestampMs: Date.now() - 120_000 }));
    await retain?.(fixture.log());
    expect(await startOf(topic)).toBe(0);
  });

  it('goes on at the oldest record when the position was removed', async () => {
    const topic = await fixture.topic({ retentionMs: 60_000 });
    const { assignment, stop } = await assigned(fixture, topic, unique('group'));
    await fixture.log().append(topic, kilobytes(50, { timestampMs: Date.now() - 120_000 }));
    await retain?.(fixture.log());
    await fixture.log().append(topic, [record('k', 'kept')]);
    const batch = await assignment.read({ maxRecords: 10, maxBytes: 1_000_000, waitMs: settleMs });
    expect(batch.map((stored) => [stored.offset, textOf(stored)])).toEqual([[50, 'kept']]);
    await stop();
  });

  it('keeps the newest record of each key of a compact topic, and every record without a key', async () => {
    const topic = await fixture.topic({ compact: true });
    for (let round = 0; round < 100; round += 1) {
      await fixture.log().append(
        topic,
        ['a', 'b', 'c'].map((key) => record(key, `${key}:${round}:${KILOBYTE}`)),
      );
      if (round === 10) await fixture.log().append(topic, [record(null, 'no key'), record('rare', 'once')]);
    }
    await retain?.(fixture.log());
    const described = (await fixture.log().describe()).find((each) => each.name === topic);
    expect(described?.records).toBeLessThan(200);
    const all = await tailAll(fixture.log(), topic, described?.records ?? 0, settleMs);
    const newest = Object.fromEntries(all.map((stored) => [String(stored.key), textOf(stored).slice(0, 6)]));
    expect(newest).toEqual({ a: 'a:99:x', b: 'b:99:x', c: 'c:99:x', rare: 'once', null: 'no key' });
    const offsets = all.map((stored) => stored.offset);
    expect(offsets).toEqual([...offsets].sort((left, right) => left - right));
  });
});
