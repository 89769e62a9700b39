import { join } from 'node:path';
import type { EventLog } from '@weir/event-log';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { type CostAnomalyEvent, createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { sleep } from '@weir/kernel';
import { type SpawnedNode, spawnNode, tempDirectory, waitFor } from '@weir/testkit';
import { expect, it } from 'vitest';
import { anomalyEventOf } from './detection/anomaly-event.ts';
import { Detection } from './detection/detection.ts';
import { ANOMALY_LOG_TOPIC, DETECTION_GROUPS, sightingOf } from './index.ts';
import { costTraffic } from './testing/cost-traffic.ts';
import { costRecord, requestIdOf } from './testing/cost-writer.ts';
import { readTopic } from './testing/read-topic.ts';

const PROCESS = join(import.meta.dirname, 'testing/budget-process.ts');
const PARTITIONS = 2;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const END = Math.floor(Date.now() / MINUTE) * MINUTE;
const LOOP = { user: 'u-3', from: END - 20 * MINUTE, aMinute: 40 };
const CHUNK = 2_000;
const KILLS = 8;

const config = {
  budgets: {},
  webhooks: {},
  anomalies: {
    enabled: true,
    late_ms: 2_000,
    tick_ms: 100,
    snapshot_ms: 100,
    time_zone: 'UTC',
    time_zones: {},
    history_days: 0,
    history_rows: 0,
  },
};

const traffic = costTraffic({ from: END - 9 * DAY, to: END, loop: LOOP });

/** The events that one process makes that nobody kills, without when they were found. */
function expectedEvents(): Map<string, Partial<CostAnomalyEvent>> {
  const detection = new Detection({ lateMs: 2_000, tenantClock: () => 0 });
  for (const [at, facts] of traffic.entries()) {
    const partition = at % PARTITIONS;
    const request_id = requestIdOf(partition, Math.floor(at / PARTITIONS));
    const sighting = sightingOf({ ...GOLDEN_EVENTS.cost, ...facts, request_id }, at);
    if (sighting !== undefined) {
      detection.take({ kind: 'sightings', sightings: [sighting], partition: 0, partitions: 1 }, facts.ts);
    }
  }
  detection.take({ kind: 'tick', now: END + MINUTE, partition: 0, partitions: 1 }, END);
  return new Map(
    detection.takeAlerts().map((alert) => {
      const { detected_at: _, ...event } = anomalyEventOf(alert);
      return [`${event.anomaly_id}.${event.version}`, event];
    }),
  );
}

async function published(log: EventLog): Promise<Map<string, Partial<CostAnomalyEvent>>> {
  const bytes = new Map<string, string>();
  const events = new Map<string, Partial<CostAnomalyEvent>>();
  for (const { value } of await readTopic(log, EVENTS['cost-anomaly'].topic)) {
    const { detected_at: _, ...event } = createCodec('cost-anomaly').decode(value);
    const name = `${event.anomaly_id}.${event.version}`;
    const content = Buffer.from(value).toString('hex');
    expect(bytes.get(name) ?? content).toBe(content);
    bytes.set(name, content);
    events.set(name, event);
  }
  return events;
}

it('I3 kill -9 of the service, over and over: the alerts are those of one that nobody kills, each with one content', async () => {
  const directory = await tempDirectory();
  const log = openEmbeddedLog({ directory: directory.value, leaseMs: 300 });
  const names = [EVENTS.cost.topic, EVENTS['cost-anomaly'].topic, EVENTS['dead-letter'].topic];
  await log.ensureTopics(names.map((name) => ({ name, partitions: PARTITIONS })));
  await log.ensureTopics([{ name: ANOMALY_LOG_TOPIC, partitions: 1 }]);
  // All of it before the first start: a reader that has read everything tells the time, and what then comes is late.
  for (let from = 0; from < traffic.length; from += CHUNK) {
    const records = traffic.slice(from, from + CHUNK).map((facts, index) => {
      const at = from + index;
      return costRecord(at % PARTITIONS, { ...facts, source_offset: Math.floor(at / PARTITIONS) });
    });
    await log.append(EVENTS.cost.topic, records);
  }
  const start = (): SpawnedNode => spawnNode(PROCESS, [directory.value, JSON.stringify(config)]);
  let processes = [start(), start()];
  await Promise.all(processes.map((each) => each.ready(/ready/)));
  for (let round = 0; round < KILLS; round += 1) {
    await sleep(100 + Math.random() * 500);
    await processes.shift()?.kill9();
    processes = [...processes, start()];
  }
  const expected = expectedEvents();
  expect([...expected.values()].map(({ kind }) => kind)).toEqual(['runaway_loop']);
  await Promise.all(processes.map((each) => each.ready(/ready/)));
  await waitFor(
    async () => {
      const lag = await log.lag(DETECTION_GROUPS.sightings, EVENTS.cost.topic);
      expect(lag.every((partition) => partition.lag === 0)).toBe(true);
      expect(await published(log)).toEqual(expected);
      return true;
    },
    { what: 'the alerts', timeoutMs: 60_000, intervalMs: 200 },
  );
  // Once more while nothing comes: the replay of the last snapshot's rest tells nothing else.
  await Promise.all(processes.map((each) => each.kill9()));
  const last = start();
  await last.ready(/ready/);
  const [before] = await log.lag(DETECTION_GROUPS.detector, ANOMALY_LOG_TOPIC);
  await waitFor(
    async () => {
      const [now] = await log.lag(DETECTION_GROUPS.detector, ANOMALY_LOG_TOPIC);
      return (now?.committed ?? 0) > (before?.committed ?? 0);
    },
    { what: 'the next snapshot', timeoutMs: 30_000 },
  );
  expect(await published(log)).toEqual(expected);
  await last.kill9();
  await log.close();
  await directory.stop();
}, 120_000);
