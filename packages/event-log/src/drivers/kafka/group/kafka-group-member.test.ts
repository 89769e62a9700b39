import { fileURLToPath } from 'node:url';
import { findKafka, sharedKafka, spawnNode, waitFor } from '@weir/testkit';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  appendNumbered,
  assigned,
  type ContractFixture,
  onAssignments,
  readAll,
  record,
  textOf,
  unique,
  untilAborted,
} from '../../../testing/contract-fixture.ts';
import { type KafkaLog, openKafkaLog } from '../kafka-log.ts';
import { quickly } from '../testing/quickly.ts';

const holdPartition = fileURLToPath(new URL('../faults/hold-partition.ts', import.meta.url));

describe.skipIf(findKafka('Kafka consumer groups') === undefined)('a member of a Kafka group', () => {
  let broker: string;
  let log: KafkaLog;
  let kafka: Kafka;
  beforeAll(async () => {
    broker = await sharedKafka();
    log = openKafkaLog({ ...quickly, brokers: [broker] });
    kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  });
  afterAll(() => log.close());
  const topicOf = async (partitions = 1): Promise<string> => {
    const topic = unique('group');
    await log.ensureTopics([{ name: topic, partitions }]);
    return topic;
  };
  const fixture = (): ContractFixture => ({ log: () => log }) as unknown as ContractFixture;

  it('L4 stores offset and metadata where every Kafka tool sees them', async () => {
    const [topic, group] = [await topicOf(2), unique('g')];
    await appendNumbered(log, topic, 3, 1);
    const subscription = await onAssignments(log, topic, group, async (assignment) => {
      if (assignment.partition === 1) await assignment.commit(2, 's1:2:cafe:0');
      await untilAborted(assignment.signal);
    });
    const admin = kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    await expect
      .poll(async () => (await admin.fetchOffsets({ groupId: group, topics: [topic] }))[0]?.partitions)
      .toEqual(expect.arrayContaining([{ partition: 1, offset: '2', metadata: 's1:2:cafe:0' }]));
    const { groups } = await admin.describeGroups([group]);
    expect(groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer' });
    await subscription.stop();
    expect((await admin.describeGroups([group])).groups[0]).toMatchObject({ state: 'Empty', members: [] });
  });

  it('L3 has the broker refuse the commit of a process that was frozen while another took over', async () => {
    const [topic, group] = [await topicOf(), unique('g')];
    await appendNumbered(log, topic, 2);
    const frozen = spawnNode(holdPartition, [broker, topic, group]);
    onTestFinished(() => frozen.kill9());
    await frozen.ready(/committed/);
    frozen.child.kill('SIGSTOP');
    const { assignment, stop } = await assigned(fixture(), topic, group);
    expect(assignment.committed).toEqual({ offset: 1, metadata: 'held' });
    await assignment.commit(2, 'taken over');
    frozen.child.kill('SIGCONT');
    await frozen.ready(/"code":"LOG_FENCED"/);
    // Whatever it tried, the commit of the new owner stands.
    const admin = kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    expect(offsets?.partitions).toEqual([{ partition: 0, offset: '2', metadata: 'taken over' }]);
    await frozen.kill9();
    await stop();
  });

  it('waits for its handlers when others join, before anybody gets their partitions', async () => {
    const [topic, group] = [await topicOf(2), unique('g')];
    const events: string[] = [];
    const holding = new Set<string>();
    const handler =
      (name: string) =>
      async (assignment: Parameters<Parameters<typeof onAssignments>[3]>[0]): Promise<void> => {
        const { partition } = assignment;
        if (holding.has(String(partition))) events.push(`${name} got ${partition} while it was held`);
        holding.add(String(partition));
        events.push(`${name} +${partition}`);
        await untilAborted(assignment.signal);
        // Longer than a heartbeat: an insert that is under way is finished first.
        await new Promise((resolve) => setTimeout(resolve, 400));
        holding.delete(String(partition));
        events.push(`${name} -${partition}`);
      };
    const first = await onAssignments(log, topic, group, handler('a'));
    await waitFor(() => holding.size === 2, { what: 'both partitions' });
    const other = openKafkaLog({ ...quickly, brokers: [broker] });
    const second = await onAssignments(other, topic, group, handler('b'));
    await waitFor(() => events.some((event) => event.startsWith('b +')), {
      what: 'the second member',
      timeoutMs: 15_000,
    });
    await waitFor(() => holding.size === 2, { what: 'both partitions' });
    expect(events.filter((event) => event.includes('while'))).toEqual([]);
    await Promise.all([first.stop(), second.stop()]);
    await other.close();
  });

  it('reads on behind records of an aborted transaction, and never shows them', async () => {
    const topic = await topicOf();
    const producer = kafka.producer({ transactionalId: unique('tx'), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    await log.append(topic, [record('k', 'before')]);
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'aborted 1' }, { value: 'aborted 2' }] });
    await transaction.abort();
    const { assignment, stop } = await assigned(fixture(), topic, unique('g'));
    expect((await readAll(assignment, 1, 5_000)).map(textOf)).toEqual(['before']);
    // At the end of the log is nothing but what may not be seen; the reader has to get past it.
    expect(await assignment.read({ maxRecords: 9, maxBytes: 1_000, waitMs: 300 })).toEqual([]);
    const committed = await producer.transaction();
    await committed.send({ topic, messages: [{ value: 'committed' }] });
    await committed.commit();
    await log.append(topic, [record('k', 'after')]);
    expect((await readAll(assignment, 2, 5_000)).map(textOf)).toEqual(['committed', 'after']);
    await stop();
  });

  it('says that a partition is shorter than what was committed, instead of starting over', async () => {
    const [topic, group] = [await topicOf(), unique('g')];
    await appendNumbered(log, topic, 2);
    const first = await assigned(fixture(), topic, group);
    await first.assignment.commit(50);
    await first.stop();
    const errors: unknown[] = [];
    const subscription = await onAssignments(
      log,
      topic,
      group,
      async (assignment) => {
        while (!assignment.signal.aborted) await assignment.read({ maxRecords: 1, maxBytes: 1_000, waitMs: 1_000 });
      },
      { onError: (error) => errors.push(error) },
    );
    await expect.poll(() => errors[0], { timeout: 10_000 }).toMatchObject({ code: 'LOG_OFFSET_LOST' });
    await subscription.stop();
  });

  it('does next to nothing while nothing happens', async () => {
    const topic = await topicOf();
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    const { stop } = await assigned(fixture(), topic, unique('g'));
    // An idle client of the unpatched kafkajs sets a timer every millisecond, with a negative delay, for each connection.
    const original = globalThis.setTimeout;
    const delays: (number | undefined)[] = [];
    globalThis.setTimeout = Object.assign((...parameters: Parameters<typeof setTimeout>) => {
      delays.push(parameters[1]);
      return original(...parameters);
    }, original);
    await new Promise((resolve) => original(resolve, 1_000));
    globalThis.setTimeout = original;
    process.off('warning', note);
    await stop();
    // Ten heartbeats, ten fetches that wait at the broker, and their time-outs.
    expect(delays.filter((delay) => (delay ?? 0) < 1)).toEqual([]);
    expect(delays.length).toBeLessThan(100);
    expect(warnings).toEqual([]);
  });
});
