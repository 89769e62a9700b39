import type { Assignment, EventLog, SubscribeOptions } from '@weir/event-log';
import { openMemoryLog } from '@weir/event-log/drivers/memory';
import { createCodec, EVENTS, RESENT_HEADER } from '@weir/events';
import { type Started, sleep, WeirError } from '@weir/kernel';
import { createLogger, createMetrics } from '@weir/telemetry';
import { seededRandom, tempDirectory, waitFor } from '@weir/testkit';
import { compareRollups, DAY_MS, type Warehouse } from '@weir/warehouse';
import { openChdbWarehouse } from '@weir/warehouse/drivers/chdb';
import { sampleCost } from '@weir/warehouse/testing';
import { expect, it } from 'vitest';
import { startLoader } from './service.ts';

const TOPIC = EVENTS.cost.topic;
const PARTITIONS = 2;
const EVENTS_COUNT = 3_000;
const codec = createCodec('cost');

/** Dies: not an error that anyone expects, so nothing is tidied up. */
class Crash extends Error {}

type Random = ReturnType<typeof seededRandom>;

/** A log whose commits fail at random, before or after they are stored, as when the process dies there. */
function crashingLog(log: EventLog, random: Random): EventLog {
  const crashing = (assignment: Assignment): Assignment => ({
    ...assignment,
    committed: assignment.committed,
    generation: assignment.generation,
    signal: assignment.signal,
    read: (limits) => assignment.read(limits),
    seek: (offset) => assignment.seek(offset),
    endOffset: () => assignment.endOffset(),
    async commit(offset, metadata) {
      if (random.next() < 0.08) throw new Crash();
      await assignment.commit(offset, metadata);
      if (random.next() < 0.08) throw new Crash();
    },
  });
  return {
    ensureTopics: (specs) => log.ensureTopics(specs),
    append: (topic, records) => log.append(topic, records),
    tail: (topic, options) => log.tail(topic, options),
    lag: (group, topic) => log.lag(group, topic),
    describe: () => log.describe(),
    close: () => log.close(),
    subscribe: (options: SubscribeOptions) =>
      log.subscribe({ ...options, onAssigned: (assignment) => options.onAssigned(crashing(assignment)) }),
  };
}

/** Inserts die before or after they landed; some only lose their answer. */
function crashingWarehouse(warehouse: Warehouse, random: Random): Warehouse {
  return {
    ...warehouse,
    async insert(batch) {
      const fate = random.next();
      if (fate < 0.1) throw new Crash();
      const result = await warehouse.insert(batch);
      if (fate < 0.2) throw new Crash();
      if (fate < 0.3) throw new WeirError('WAREHOUSE_UNAVAILABLE', 'the answer got lost', { retriable: true });
      return result;
    },
  };
}

/** Events as services that crash write them: runs come again under the same mark, requests again under new ones. */
async function writeEvents(log: EventLog, random: Random): Promise<void> {
  const next = new Array<number>(PARTITIONS).fill(0);
  const write = async (index: number, source: number, resent: boolean): Promise<void> => {
    const event = { ...sampleCost(index), source_offset: source, source_partition: index % PARTITIONS };
    const record = {
      key: event.request_id,
      value: codec.encode(event),
      partition: index % PARTITIONS,
      timestampMs: event.ts,
    };
    await log.append(TOPIC, [resent ? { ...record, headers: { [RESENT_HEADER]: '1' } } : record]);
  };
  for (let index = 0; index < EVENTS_COUNT; index += 1) {
    const partition = index % PARTITIONS;
    const mark = next[partition] ?? 0;
    next[partition] = mark + 1;
    await write(index, mark, false);
    if (random.next() < 0.01) await write(index, mark, false);
    if (random.next() < 0.01 && index > 500) {
      const again = index - PARTITIONS * random.int(1, 200);
      const remark = next[partition] ?? 0;
      next[partition] = remark + 1;
      await write(again, remark, true);
    }
  }
}

const start = (log: EventLog, warehouse: Warehouse): Promise<Started<unknown>> =>
  startLoader(
    {
      limits: { rows: 150, bytes: 1_000_000, lingerMs: 10 },
      payloads: { store: false, retentionDays: 1 },
      onDataError: 'halt',
      audit: { everyMs: 3_600_000, repair: false, alone: false },
    },
    {
      log,
      warehouse,
      logger: createLogger({ name: 'loader', level: 'silent', format: 'json' }),
      metrics: createMetrics(),
      version: 'test',
    },
  );

it.each(['one', 'two', 'three'])(
  'I3 on the in-memory log and the real engine, dying and rebalancing at random: every row once, every rollup equal (%s)',
  { timeout: 120_000 },
  async (seed) => {
    const random = seededRandom('loader-chdb', seed);
    const directory = await tempDirectory();
    const warehouse = await openChdbWarehouse({ directory: directory.value });
    await warehouse.migrate();
    const log = openMemoryLog();
    const topics = [
      TOPIC,
      EVENTS.request.topic,
      EVENTS['cost-anomaly'].topic,
      EVENTS['budget-state'].topic,
      EVENTS['alert-action'].topic,
      EVENTS['dead-letter'].topic,
    ];
    await log.ensureTopics(topics.map((name) => ({ name, partitions: PARTITIONS })));
    const members = [await start(crashingLog(log, random), crashingWarehouse(warehouse, random))];
    const writing = writeEvents(log, random);
    for (let change = 0; change < 8; change += 1) {
      await sleep(random.int(50, 400));
      if (members.length === 1)
        members.push(await start(crashingLog(log, random), crashingWarehouse(warehouse, random)));
      else await members.splice(random.int(0, 1), 1)[0]?.stop();
    }
    await writing;
    await Promise.all(members.map((member) => member.stop().catch(() => undefined)));
    // The last one is spared: what the dead left behind must be whole in the end.
    const last = await start(log, warehouse);
    await waitFor(async () => (await log.lag('weir-loader-requests', TOPIC)).every(({ lag }) => lag === 0), {
      what: 'the loader to reach the end',
      timeoutMs: 60_000,
    });
    await last.stop();
    const [row] = (
      await warehouse.query('SELECT toUInt32(count()) AS n, toUInt32(uniqExact(request_id)) AS ids FROM requests')
    ).rows<{ n: number; ids: number }>();
    expect(row).toEqual({ n: EVENTS_COUNT, ids: EVENTS_COUNT });
    const day = Math.floor(sampleCost(0).ts / DAY_MS) * DAY_MS;
    expect(await compareRollups(warehouse, { fromMs: day, toMs: day + 2 * DAY_MS }, day)).toEqual([]);
    await log.close();
    await warehouse.close();
    await directory.stop();
  },
);
