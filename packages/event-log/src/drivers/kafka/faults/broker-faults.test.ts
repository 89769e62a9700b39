import { errorCode } from '@weir/kernel';
import { findKafka, type KafkaServer, startKafka } from '@weir/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Assignment, EventLog } from '../../../event-log.ts';
import { record, tailAll, textOf, unique } from '../../../testing/contract-fixture.ts';
import { type KafkaLog, openKafkaLog } from '../kafka-log.ts';
import type { KafkaLogOptions } from '../kafka-options.ts';
import { type FreezableProxy, startFreezableProxy } from '../testing/freezable-proxy.ts';
import { quickly } from '../testing/quickly.ts';

const source = findKafka('the faults of a Kafka broker');
if (source === 'address') process.stderr.write('\nSKIPPED: a broker of WEIR_KAFKA is not killed\n\n');

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What became of each id that was appended. */
interface Appended {
  readonly acknowledged: Set<string>;
  /** Rejected as "may be stored" at least once. */
  readonly doubtful: Set<string>;
  readonly errors: Set<string>;
}

/** Appends `count` records of its own, one after the other, each again until it is acknowledged. */
async function appendEach(log: EventLog, topic: string, name: string, count: number, into: Appended): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const id = `${name}:${index}`;
    while (!into.acknowledged.has(id)) {
      try {
        await log.append(topic, [record(id, id)]);
        into.acknowledged.add(id);
      } catch (error) {
        into.errors.add(errorCode(error));
        if (errorCode(error) === 'LOG_UNCONFIRMED') into.doubtful.add(id);
      }
    }
  }
}

async function timesStored(log: EventLog, topic: string): Promise<Map<string, number>> {
  const ends = await log.lag('nobody', topic);
  const total = ends.reduce((sum, { endOffset }) => sum + endOffset, 0);
  const times = new Map<string, number>();
  for (const stored of await tailAll(log, topic, total, 20_000)) {
    times.set(textOf(stored), (times.get(textOf(stored)) ?? 0) + 1);
  }
  return times;
}

describe.skipIf(source !== 'java' && source !== 'docker')('a broker that dies, or stops answering', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>;
  let broker: KafkaServer;
  let proxy: FreezableProxy;
  const logs: KafkaLog[] = [];
  const open = (rest: Partial<KafkaLogOptions> = {}): KafkaLog => {
    const log = openKafkaLog({ ...quickly, onError: () => {}, brokers: [`127.0.0.1:${proxy.port}`], ...rest });
    logs.push(log);
    return log;
  };
  const topicOf = async (partitions: number): Promise<string> => {
    const topic = unique('faults');
    await open().ensureTopics([{ name: topic, partitions }]);
    return topic;
  };

  beforeAll(async () => {
    proxy = await startFreezableProxy();
    kafka = await startKafka({ properties: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` } });
    broker = kafka.value;
    proxy.leadTo(Number(broker.bootstrap.split(':')[1]));
  });
  afterEach(() => broker.continue());
  afterAll(async () => {
    for (const log of logs) log.abandon();
    proxy.stop();
    await kafka.stop();
  });

  it('L1 appends through kill -9 of the broker: nothing lost, nothing doubled but what was said to be in doubt', async () => {
    const topic = await topicOf(3);
    const patient: Appended = { acknowledged: new Set(), doubtful: new Set(), errors: new Set() };
    const hasty: Appended = { acknowledged: new Set(), doubtful: new Set(), errors: new Set() };
    const patientLog = open();
    const hastyLog = open({ append: { lingerMs: 0, timeoutMs: 100 }, requestTimeoutMs: 1_000 });
    const writers = [
      ...['a', 'b', 'c', 'd'].map((name) => appendEach(patientLog, topic, name, 250, patient)),
      ...['e', 'f'].map((name) => appendEach(hastyLog, topic, name, 250, hasty)),
    ];
    while (patient.acknowledged.size < 300) await pause(5);
    await broker.kill();
    await broker.restart();
    await Promise.all(writers);

    const times = await timesStored(open(), topic);
    expect(patient.errors).toEqual(new Set());
    expect([...patient.acknowledged].filter((id) => times.get(id) !== 1)).toEqual([]);
    expect(patient.acknowledged.size).toBe(1_000);
    // The hasty one gives up while the broker is away, and is told whether anything may be stored.
    expect(hasty.errors.size).toBeGreaterThan(0);
    expect([...hasty.errors].filter((code) => code !== 'LOG_UNCONFIRMED' && code !== 'LOG_UNAVAILABLE')).toEqual([]);
    const doubled = [...times].filter(([, count]) => count > 1).map(([id]) => id);
    expect(doubled.filter((id) => !hasty.doubtful.has(id))).toEqual([]);
    expect([...hasty.acknowledged].filter((id) => !times.has(id))).toEqual([]);
  });

  it('L4 consumes through kill -9 of the broker: every record takes effect once', async () => {
    const topic = await topicOf(2);
    const log = open();
    const total = 2_000;
    for (let index = 0; index < total; index += 100) {
      await log.append(
        topic,
        Array.from({ length: 100 }, (_, each) => record(`k${each}`, String(index + each))),
      );
    }
    const effects = new Map<number, string[]>([
      [0, []],
      [1, []],
    ]);
    // What was done but not known to be committed, as a loader keeps it in the commit's metadata.
    const inDoubt = new Map<number, { readonly end: number; readonly values: string[] }>();
    const handle = async (assignment: Assignment): Promise<void> => {
      const done = effects.get(assignment.partition) ?? [];
      const open = inDoubt.get(assignment.partition);
      if (open !== undefined && assignment.committed?.offset === open.end) done.push(...open.values);
      inDoubt.delete(assignment.partition);
      while (!assignment.signal.aborted) {
        const batch = await assignment.read({ maxRecords: 7, maxBytes: 1_000_000, waitMs: 100 });
        const last = batch.at(-1);
        if (last === undefined) continue;
        inDoubt.set(assignment.partition, { end: last.offset + 1, values: batch.map(textOf) });
        await assignment.commit(last.offset + 1);
        done.push(...batch.map(textOf));
        inDoubt.delete(assignment.partition);
      }
    };
    const count = (): number => [...effects.values()].reduce((sum, values) => sum + values.length, 0);
    const group = unique('group');
    const members = [await log.subscribe({ group, topics: [topic], onAssigned: handle })];
    members.push(await open().subscribe({ group, topics: [topic], onAssigned: handle }));
    while (count() < 300) await pause(2);
    await broker.kill();
    await broker.restart();
    await expect.poll(count, { timeout: 30_000 }).toBe(total);
    const all = [...effects.values()].flat().map(Number);
    expect(all.sort((left, right) => left - right)).toEqual(Array.from({ length: total }, (_, index) => index));
    await Promise.all(members.map((member) => member.stop()));
  });

  it('I7 holds a bounded number of records while the broker is frozen, refuses the rest, and loses none', async () => {
    const topic = await topicOf(1);
    const log = open({ append: { lingerMs: 0, maxQueuedRecords: 100 } });
    await log.append(topic, [record('first', 'first')]);
    broker.pause();
    const outcomes = Array.from({ length: 150 }, (_, index) =>
      log.append(topic, [record('k', String(index))]).then(
        () => 'stored',
        (error: unknown) => errorCode(error),
      ),
    );
    // Those beyond the limit are told at once.
    expect(await Promise.all(outcomes.slice(100))).toEqual(Array.from({ length: 50 }, () => 'LOG_FULL'));
    broker.continue();
    expect(await Promise.all(outcomes.slice(0, 100))).toEqual(Array.from({ length: 100 }, () => 'stored'));
    const times = await timesStored(log, topic);
    expect([...times.keys()]).toEqual(['first', ...Array.from({ length: 100 }, (_, index) => String(index))]);
    expect([...times.values()].every((count) => count === 1)).toBe(true);
  });

  it('rejects an append to a frozen broker in time, as one that may be stored, and stores it at most once', async () => {
    const topic = await topicOf(1);
    const log = open({ append: { lingerMs: 0, timeoutMs: 600 }, requestTimeoutMs: 500 });
    await log.append(topic, [record('first', 'first')]);
    broker.pause();
    const append = log.append(topic, [record('k', 'in doubt')]);
    await expect(append).rejects.toMatchObject({ code: 'LOG_UNCONFIRMED', retriable: true });
    broker.continue();
    await expect.poll(() => log.append(topic, [record('k', 'after')]).then(() => 'stored')).toBe('stored');
    const times = await timesStored(open(), topic);
    expect(times.get('in doubt') ?? 0).toBeLessThanOrEqual(1);
    expect(times.get('after')).toBe(1);
  });

  it('gives up its partitions when the broker is frozen for longer than a session, and goes on afterwards', async () => {
    const topic = await topicOf(1);
    const log = open();
    await log.append(topic, [record('k', 'before')]);
    const assignments: Assignment[] = [];
    const seen: string[] = [];
    const member = await log.subscribe({
      group: unique('group'),
      topics: [topic],
      onAssigned: async (assignment) => {
        assignments.push(assignment);
        while (!assignment.signal.aborted) {
          for (const each of await assignment.read({ maxRecords: 9, maxBytes: 1_000, waitMs: 100 })) {
            await assignment.commit(each.offset + 1);
            seen.push(textOf(each));
          }
        }
      },
    });
    await expect.poll(() => seen).toEqual(['before']);
    broker.pause();
    // Nobody can know who holds the partition now, so the handler must not go on.
    await expect.poll(() => assignments[0]?.signal.aborted, { timeout: 10_000 }).toBe(true);
    broker.continue();
    await log.append(topic, [record('k', 'after')]);
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['before', 'after']);
    expect(assignments.at(-1)?.generation).toBeGreaterThan(assignments[0]?.generation ?? 0);
    await member.stop();
  });

  it('L1 opens new connections when those it has went dead, and stores once what it sent over them', async () => {
    const topic = await topicOf(1);
    const log = open({ requestTimeoutMs: 700 });
    const seen: string[] = [];
    const member = await log.subscribe({
      group: unique('group'),
      topics: [topic],
      onAssigned: async (assignment) => {
        while (!assignment.signal.aborted) {
          for (const each of await assignment.read({ maxRecords: 9, maxBytes: 1_000, waitMs: 100 })) {
            await assignment.commit(each.offset + 1);
            seen.push(textOf(each));
          }
        }
      },
    });
    await log.append(topic, [record('k', 'before')]);
    await expect.poll(() => seen).toEqual(['before']);
    proxy.freezeOpen();
    await log.append(topic, [record('k', 'after')]);
    await expect.poll(() => seen, { timeout: 15_000 }).toEqual(['before', 'after']);
    expect((await timesStored(open(), topic)).get('after')).toBe(1);
    await member.stop();
  });

  it('starts a member anew when its readers get nothing although there is more', async () => {
    const topic = await topicOf(1);
    const errors: unknown[] = [];
    const group = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 1_000, heartbeatMs: 100, stallTimeoutMs: 800 };
    const log = open({ group, requestTimeoutMs: 500, onError: (error) => errors.push(error) });
    const seen: string[] = [];
    const member = await log.subscribe({
      group: unique('group'),
      topics: [topic],
      onAssigned: async (assignment) => {
        while (!assignment.signal.aborted) {
          seen.push(...(await assignment.read({ maxRecords: 9, maxBytes: 1_000, waitMs: 100 })).map(textOf));
        }
      },
    });
    await open().append(topic, [record('k', 'before')]);
    await expect.poll(() => seen).toEqual(['before']);
    broker.pause();
    await expect.poll(() => errors.map(errorCode), { timeout: 10_000 }).toContain('LOG_STALLED');
    broker.continue();
    await open().append(topic, [record('k', 'after')]);
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('after');
    await member.stop();
  });

  it('reads what the Java client compressed with zstd, and the Java client reads what this driver did', async () => {
    const topic = await topicOf(1);
    const log = open();
    const lines = Array.from(
      { length: 200 },
      (_, index) => `line ${index} ${'of a text that repeats itself; '.repeat(10)}.`,
    );
    const server = ['--bootstrap-server', broker.bootstrap, '--topic', topic];
    const producer = ['--compression-codec', 'zstd', '--producer-property', 'linger.ms=200'];
    await broker.tool('org.apache.kafka.tools.ConsoleProducer', [...server, ...producer], `${lines.join('\n')}\n`);
    expect((await tailAll(log, topic, 200, 20_000)).map(textOf)).toEqual(lines);
    await log.append(
      topic,
      lines.map((line) => record('k', `ours: ${line}`, { headers: { schema: '1' } })),
    );
    const limit = ['--from-beginning', '--max-messages', '400'];
    const read = await broker.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...server, ...limit]);
    expect(read.trimEnd().split('\n')).toEqual([...lines, ...lines.map((line) => `ours: ${line}`)]);
  });
});
