/** Records per second to and from a real broker at 2 KB, the driver against plain kafkajs, in one run. */

import { createRequire } from 'node:module';
import { openKafkaLog } from '@weir/event-log/drivers/kafka';
import { sharedKafka } from '@weir/testkit';
import { median, printTable } from './support/report.ts';

const RECORDS = 40_000;
const RECORD_BYTES = 2_048;
const PARTITIONS = 4;
const ROUNDS = 3;
/** What a shipper hands over at once, and how many such calls are under way. */
const PER_APPEND = 100;
const CONCURRENT_APPENDS = 16;
const SINGLES = 10_000;
const CONCURRENT_SINGLES = 500;

// kafkajs is a dependency of the driver, not of the bench.
const kafkajs = createRequire(import.meta.resolve('@weir/event-log'))('kafkajs');

const broker = await sharedKafka();
const log = openKafkaLog({ brokers: [broker] });
const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
const values = Array.from({ length: 1_000 }, (_, index) => jsonLike(index));
const valueAt = (index: number): Buffer => values[index % values.length] ?? Buffer.alloc(0);
const keyAt = (index: number): string => `request-${index % 5_000}`;
let topics = 0;

interface Round {
  readonly batches: [number, number];
  readonly singles: [number, number];
  readonly consume: [number, number];
}

const rounds: Round[] = [];
// The first one warms both of them up.
for (let round = 0; round <= ROUNDS; round += 1) {
  const measured = await measure();
  if (round > 0) rounds.push(measured);
}
const rows = (['batches', 'singles', 'consume'] as const).map((what) => {
  const ours = median(rounds.map((round) => round[what][0]));
  const theirs = median(rounds.map((round) => round[what][1]));
  const names = {
    batches: `append, ${PER_APPEND} at once, ${CONCURRENT_APPENDS} calls under way`,
    singles: `append, one at a time, ${CONCURRENT_SINGLES} calls under way`,
    consume: 'consume and commit',
  };
  const format = (value: number): string => Math.round(value).toLocaleString('en');
  return {
    what: names[what],
    'driver, records/s': format(ours),
    'kafkajs, records/s': format(theirs),
    ratio: (ours / theirs).toFixed(2),
  };
});
printTable('kafka', rows);
await printIdle();
await log.close();
process.exit(0);

async function measure(): Promise<Round> {
  const [ourTopic, theirTopic] = [await makeTopic(), await makeTopic()];
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const compression = kafkajs.CompressionTypes.ZSTD;
  const message = (index: number) => ({ key: keyAt(index), value: valueAt(index) });
  const batches: [number, number] = [
    await rate(RECORDS, PER_APPEND, CONCURRENT_APPENDS, (from, count) =>
      log.append(
        ourTopic,
        Array.from({ length: count }, (_, each) => message(from + each)),
      ),
    ),
    await rate(RECORDS, PER_APPEND, CONCURRENT_APPENDS, (from, count) =>
      producer.send({
        topic: theirTopic,
        acks: -1,
        compression,
        messages: Array.from({ length: count }, (_, each) => message(from + each)),
      }),
    ),
  ];
  const consume: [number, number] = [await consumeOurs(ourTopic), await consumeTheirs(theirTopic)];
  const single = await makeTopic();
  const singles: [number, number] = [
    await rate(SINGLES, 1, CONCURRENT_SINGLES, (from) => log.append(single, [message(from)])),
    await rate(SINGLES, 1, CONCURRENT_SINGLES, (from) =>
      producer.send({ topic: single, acks: -1, compression, messages: [message(from)] }),
    ),
  ];
  await producer.disconnect();
  return { batches, singles, consume };
}

async function rate(
  total: number,
  each: number,
  concurrent: number,
  append: (from: number, count: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) {
      const from = next;
      next += each;
      await append(from, each);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: concurrent }, worker));
  return total / ((performance.now() - startedAt) / 1_000);
}

async function consumeOurs(topic: string): Promise<number> {
  let seen = 0;
  const done = Promise.withResolvers<void>();
  let startedAt = 0;
  const subscription = await log.subscribe({
    group: `${topic}-readers`,
    topics: [topic],
    onAssigned: async (assignment) => {
      startedAt ||= performance.now();
      while (!assignment.signal.aborted) {
        const batch = await assignment.read({ maxRecords: 1_000, maxBytes: 4_000_000, waitMs: 200 });
        const last = batch.at(-1);
        if (last === undefined) continue;
        await assignment.commit(last.offset + 1);
        seen += batch.length;
        if (seen >= RECORDS) done.resolve();
      }
    },
  });
  await done.promise;
  const seconds = (performance.now() - startedAt) / 1_000;
  await subscription.stop();
  return RECORDS / seconds;
}

async function consumeTheirs(topic: string): Promise<number> {
  let seen = 0;
  let startedAt = 0;
  const done = Promise.withResolvers<void>();
  const consumer = kafka.consumer({ groupId: `${topic}-readers`, maxWaitTimeInMs: 500 });
  consumer.on(consumer.events.GROUP_JOIN, () => {
    startedAt ||= performance.now();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }: EachBatch) => {
      const last = batch.messages.at(-1);
      if (last === undefined) return;
      resolveOffset(last.offset);
      const offset = String(BigInt(last.offset) + 1n);
      await commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition: batch.partition, offset }] }],
      });
      seen += batch.messages.length;
      if (seen >= RECORDS) done.resolve();
    },
  });
  await done.promise;
  const seconds = (performance.now() - startedAt) / 1_000;
  await consumer.disconnect();
  return RECORDS / seconds;
}

interface EachBatch {
  readonly batch: { readonly partition: number; readonly messages: readonly { readonly offset: string }[] };
  readonly resolveOffset: (offset: string) => void;
  readonly commitOffsetsIfNecessary: (offsets: object) => Promise<void>;
}

/** What five group members cost that have nothing to do. */
async function printIdle(): Promise<void> {
  const topic = await makeTopic();
  const members = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      log.subscribe({
        group: `idle-${topic}-${index}`,
        topics: [topic],
        onAssigned: async (assignment) => {
          while (!assignment.signal.aborted)
            await assignment.read({ maxRecords: 100, maxBytes: 1_000_000, waitMs: 1_000 });
        },
      }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const { user, system } = process.cpuUsage(before);
  console.log(`\nfive idle group members: ${((user + system) / 100_000).toFixed(2)} % of one core`);
  await Promise.all(members.map((member) => member.stop()));
}

async function makeTopic(): Promise<string> {
  topics += 1;
  const name = `bench-${process.pid}-${topics}`;
  await log.ensureTopics([{ name, partitions: PARTITIONS }]);
  return name;
}

/** As compressible as an event: names that repeat, numbers and ids that do not. */
function jsonLike(seed: number): Buffer {
  let text = '';
  for (let field = 0; text.length < RECORD_BYTES; field += 1) {
    text += `"field_${field % 37}":"${Math.sin(seed * 1_000 + field)
      .toString(36)
      .slice(2)}",`;
  }
  return Buffer.from(text.slice(0, RECORD_BYTES));
}
