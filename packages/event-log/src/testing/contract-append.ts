import { expect, it } from 'vitest';
import { partitionForKey } from '../partition-for-key.ts';
import { describePart, record, tailAll, textOf } from './contract-fixture.ts';

/** L1 and L2: what an append promises. */
export const describeAppend = describePart('append', (fixture) => {
  const { settleMs, acceptsBytes, refusesBytes } = fixture.capabilities;

  it('L2 keeps one key in one partition, the one Kafka would choose, in order', async () => {
    const topic = await fixture.topic({ partitions: 4 });
    const keys = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
    for (let round = 0; round < 10; round += 1) {
      await fixture.log().append(
        topic,
        keys.map((key) => record(key, `${key}:${round}`)),
      );
    }
    const all = await tailAll(fixture.log(), topic, 50, settleMs);
    for (const key of keys) {
      const own = all.filter((stored) => stored.key === key);
      expect(own.map(textOf)).toEqual(Array.from({ length: 10 }, (_, round) => `${key}:${round}`));
      expect(new Set(own.map((stored) => stored.partition))).toEqual(new Set([partitionForKey(key, 4)]));
      const offsets = own.map((stored) => stored.offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((left, right) => left - right));
    }
  });

  it('L1 answers with the position at which each record is stored', async () => {
    const topic = await fixture.topic({ partitions: 3 });
    const records = Array.from({ length: 30 }, (_, index) => record(`key-${index % 7}`, String(index)));
    const positions = await fixture.log().append(topic, records);
    const all = await tailAll(fixture.log(), topic, 30, settleMs);
    for (const [index, { partition, offset }] of positions.entries()) {
      const stored = all.find((each) => each.partition === partition && each.offset === offset);
      expect(stored && textOf(stored)).toBe(String(index));
    }
  });

  it('L2 gives concurrent appenders distinct rising offsets and keeps the order of each', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    const other = await fixture.harness().another();
    const write = async (log: typeof other, name: string): Promise<void> => {
      for (let index = 0; index < 20; index += 1) await log.append(topic, [record(name, `${name}:${index}`)]);
    };
    await Promise.all([write(fixture.log(), 'a'), write(other, 'b'), write(fixture.log(), 'c'), write(other, 'd')]);
    const all = await tailAll(fixture.log(), topic, 80, settleMs);
    expect(new Set(all.map((stored) => `${stored.partition}/${stored.offset}`)).size).toBe(80);
    for (const name of ['a', 'b', 'c', 'd']) {
      const own = all.filter((stored) => stored.key === name).map(textOf);
      expect(own).toEqual(Array.from({ length: 20 }, (_, index) => `${name}:${index}`));
    }
    await other.close();
  });

  it('stores key, headers, timestamp and value unchanged', async () => {
    const topic = await fixture.topic();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await fixture
      .log()
      .append(topic, [
        { key: 'ключ 🔑', value: bytes, headers: { 'x-a': 'ä', empty: '' }, timestampMs: 1_700_000_000_123 },
      ]);
    const [stored] = await tailAll(fixture.log(), topic, 1, settleMs);
    expect(stored).toMatchObject({ topic, key: 'ключ 🔑', timestampMs: 1_700_000_000_123, partition: 0 });
    expect([...(stored?.value ?? [])]).toEqual([...bytes]);
    expect({ ...stored?.headers }).toEqual({ 'x-a': 'ä', empty: '' });
  });

  it('stores null keys, empty keys and empty values', async () => {
    const topic = await fixture.topic();
    await fixture.log().append(topic, [record(null, 'no key'), record('', ''), record('k', '')]);
    const all = await tailAll(fixture.log(), topic, 3, settleMs);
    expect(all.map((stored) => [stored.key, textOf(stored)])).toEqual([
      [null, 'no key'],
      ['', ''],
      ['k', ''],
    ]);
    expect(all.map((stored) => Object.keys(stored.headers))).toEqual([[], [], []]);
  });

  it('stamps a record without a time with the present', async () => {
    const topic = await fixture.topic();
    const before = Date.now();
    await fixture.log().append(topic, [record('k', 'v')]);
    const [stored] = await tailAll(fixture.log(), topic, 1, settleMs);
    expect(stored?.timestampMs).toBeGreaterThanOrEqual(before - 1_000);
    expect(stored?.timestampMs).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('puts a record into the partition it names', async () => {
    const topic = await fixture.topic({ partitions: 3 });
    const positions = await fixture
      .log()
      .append(topic, [record('same', 'a', { partition: 2 }), record('same', 'b', { partition: 0 })]);
    expect(positions.map((position) => position.partition)).toEqual([2, 0]);
  });

  it('refuses a partition that does not exist', async () => {
    const topic = await fixture.topic({ partitions: 2 });
    await expect(fixture.log().append(topic, [record('k', 'v', { partition: 2 })])).rejects.toMatchObject({
      code: 'LOG_INVALID_PARTITION',
    });
  });

  it('refuses an unknown topic', async () => {
    await expect(fixture.log().append('no-such-topic', [record('k', 'v')])).rejects.toMatchObject({
      code: 'LOG_UNKNOWN_TOPIC',
    });
  });

  it('accepts a large record and refuses one beyond the limit, without storing anything of its batch', async () => {
    const topic = await fixture.topic();
    const large = { key: 'k', value: new Uint8Array(acceptsBytes).fill(7) };
    const tooLarge = { key: 'k', value: new Uint8Array(refusesBytes) };
    await expect(fixture.log().append(topic, [record('k', 'with it'), tooLarge])).rejects.toMatchObject({
      code: 'LOG_RECORD_TOO_LARGE',
    });
    await fixture.log().append(topic, [large, record('k', 'after')]);
    const [first, second] = await tailAll(fixture.log(), topic, 2, settleMs);
    expect(Buffer.from(first?.value ?? []).equals(large.value)).toBe(true);
    expect(second && textOf(second)).toBe('after');
  });

  it('appends nothing for an empty batch', async () => {
    const topic = await fixture.topic();
    expect(await fixture.log().append(topic, [])).toEqual([]);
    expect((await fixture.log().lag('nobody', topic)).map((each) => each.endOffset)).toEqual([0]);
  });
});
