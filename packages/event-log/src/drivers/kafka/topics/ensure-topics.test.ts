import { findKafka, freePort, sharedKafka } from '@weir/testkit';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record, unique } from '../../../testing/contract-fixture.ts';
import { ConfigResourceTypes } from '../client/kafkajs-internals.ts';
import { openKafkaLog } from '../kafka-log.ts';
import type { KafkaLogOptions } from '../kafka-options.ts';
import { quickly } from '../testing/quickly.ts';

describe.skipIf(findKafka('topics on Kafka') === undefined)('topics on a broker', () => {
  let broker: string;
  let admin: Admin;
  beforeAll(async () => {
    broker = await sharedKafka();
    admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(() => admin.disconnect());
  const open = (topics: KafkaLogOptions['topics'] = {}) =>
    openKafkaLog({ ...quickly, brokers: [broker], topics: { ...topics } });
  const configOf = async (topic: string): Promise<Record<string, string>> => {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }];
    const described = await admin.describeConfigs({ resources, includeSynonyms: false });
    return Object.fromEntries(
      (described.resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
  };

  it('creates a topic with the limits of its specification', async () => {
    const topic = unique('made');
    const log = open({ minInsyncReplicas: 1, replicationFactor: 1, compressionType: 'zstd' });
    const limits = { retentionMs: 60_000, retentionBytes: 1_000_001 };
    await log.ensureTopics([{ name: topic, partitions: 2, ...limits }]);
    expect(await configOf(topic)).toMatchObject({
      'cleanup.policy': 'delete',
      'compression.type': 'zstd',
      'max.message.bytes': String(16 * 1024 * 1024 + 64 * 1024),
      'min.insync.replicas': '1',
      // Of each partition.
      'retention.bytes': '500001',
      'retention.ms': '60000',
    });
    await log.close();
  });

  it('adapts the limits of a topic that exists, and leaves alone what others set on it', async () => {
    const topic = unique('adapted');
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'segment.bytes', value: '20000000' }] }],
    });
    const log = open();
    await log.ensureTopics([{ name: topic, partitions: 3, compact: true, retentionMs: 5_000 }]);
    expect(await configOf(topic)).toMatchObject({
      'cleanup.policy': 'compact',
      'retention.ms': '5000',
      'retention.bytes': '-1',
      'segment.bytes': '20000000',
    });
    expect(await admin.fetchTopicOffsets(topic)).toHaveLength(3);
    await log.close();
  });

  it('L6 keeps what a protected group may not have read: never less than a week, and never by size', async () => {
    const topic = unique('protected');
    const log = open();
    const limits = { retentionMs: 60_000, retentionBytes: 1_000_000, protectedGroups: ['g'] };
    await log.ensureTopics([{ name: topic, partitions: 1, ...limits }]);
    expect(await configOf(topic)).toMatchObject({ 'retention.bytes': '-1', 'retention.ms': String(7 * 86_400_000) });
    await log.close();
  });

  it('lets several processes make the same topics at once', async () => {
    const specs = [1, 2, 3].map((partitions) => ({ name: unique('together'), partitions }));
    const logs = [open(), open(), open(), open()];
    await Promise.all(logs.map((log) => log.ensureTopics(specs)));
    const described = await logs[0]?.describe();
    for (const { name, partitions } of specs) {
      expect(described?.find((each) => each.name === name)).toMatchObject({ partitions, records: 0, bytes: null });
    }
    await Promise.all(logs.map((log) => log.close()));
  });

  it('only looks when topics are managed by somebody else, and names those that are missing', async () => {
    const [there, missing] = [unique('there'), unique('missing')];
    await admin.createTopics({ topics: [{ topic: there, numPartitions: 1 }] });
    const log = open({ manage: false });
    await log.ensureTopics([{ name: there, partitions: 4, retentionMs: 5_000 }]);
    expect(await admin.fetchTopicOffsets(there)).toHaveLength(1);
    await expect(log.ensureTopics([{ name: missing, partitions: 1 }])).rejects.toMatchObject({
      code: 'LOG_UNKNOWN_TOPIC',
      message: expect.stringContaining(missing),
    });
    await log.close();
  });

  it('finds the one record that the broker thinks too large, and stores those that travelled with it', async () => {
    const topic = unique('small');
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }],
    });
    const log = openKafkaLog({ ...quickly, brokers: [broker], append: { lingerMs: 5, compression: 'none' } });
    const bytes = (size: number): string => 'x'.repeat(size);
    const outcomes = await Promise.allSettled(
      [500, 500, 5_000, 500].map((size) => log.append(topic, [record('k', bytes(size))])),
    );
    expect(outcomes.map((each) => (each.status === 'fulfilled' ? 'stored' : each.reason.code))).toEqual([
      'stored',
      'stored',
      'LOG_RECORD_TOO_LARGE',
      'stored',
    ]);
    expect(await log.lag('nobody', topic)).toMatchObject([{ endOffset: 3 }]);
    await log.close();
  });
});

describe('a cluster that is not there', () => {
  it('says LOG_UNAVAILABLE to every call, and stored nothing', async () => {
    const brokers = [`127.0.0.1:${await freePort()}`];
    const log = openKafkaLog({ ...quickly, brokers, append: { timeoutMs: 200 }, connectTimeoutMs: 500 });
    const calls = [
      log.append('t', [record('k', 'v')]),
      log.subscribe({ group: 'g', topics: ['t'], onAssigned: async () => {} }),
      log.ensureTopics([{ name: 't', partitions: 1 }]),
      log.lag('g', 't'),
      log.describe(),
      log
        .tail('t', { from: 'earliest', signal: AbortSignal.timeout(5_000) })
        [Symbol.asyncIterator]()
        .next(),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'LOG_UNAVAILABLE', retriable: true } });
    }
    await log.close();
  });
});
