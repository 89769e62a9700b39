import { join } from 'node:path';
import type { EventLog } from '@weir/event-log';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { createCodec, EVENTS } from '@weir/events';
import { picoToText, sleep } from '@weir/kernel';
import { type SpawnedNode, spawnNode, startWebhookReceiver, tempDirectory, waitFor } from '@weir/testkit';
import { expect, it } from 'vitest';
import { ANOMALY_GROUPS, BUDGET_LOG_TOPIC } from './index.ts';
import { costRecord } from './testing/cost-writer.ts';
import { readTopic } from './testing/read-topic.ts';

const PROCESS = join(import.meta.dirname, 'testing/budget-process.ts');
const PARTITIONS = 2;
const BATCHES = 60;
const BATCH = 25;
const DAY_MS = 86_400_000;

async function newest(log: EventLog): Promise<Map<string, { spent: bigint; requests: number; version: number }>> {
  const states = new Map<string, { spent: bigint; requests: number; version: number }>();
  for (const { value } of await readTopic(log, EVENTS['budget-state'].topic)) {
    const { scope_key, spent_usd: spent, requests, version } = createCodec('budget-state').decode(value);
    if ((states.get(scope_key)?.version ?? -1) <= version) states.set(scope_key, { spent, requests, version });
  }
  return states;
}

it('I3 I4 kill -9 of the service, over and over: budgets are exact, each alert is one, the webhook knows them all', async () => {
  const directory = await tempDirectory();
  const receiver = await startWebhookReceiver(() => ({ status: 200 }));
  const log = openEmbeddedLog({ directory: directory.value, leaseMs: 300 });
  const names = [EVENTS.cost.topic, EVENTS['cost-anomaly'].topic, EVENTS['dead-letter'].topic];
  await log.ensureTopics(names.map((name) => ({ name, partitions: PARTITIONS })));
  await log.ensureTopics(
    [EVENTS['budget-state'].topic, EVENTS['alert-action'].topic, BUDGET_LOG_TOPIC].map((name) => ({
      name,
      partitions: 1,
    })),
  );

  const budget = { scope: {}, max_scopes: 50, period: 'day', time_zone: 'UTC', limit_tokens: 0, limit_requests: 0 };
  const limits = { thresholds: [0.25, 0.5, 1], enforcement: 'hard', limit_usd: '0.000000000000' };
  const total = BigInt(BATCHES * BATCH * 3);
  const config = {
    budgets: {
      all: { ...budget, ...limits, per: [], limit_usd: picoToText(total) },
      features: { ...budget, ...limits, per: ['feature'], limit_usd: picoToText(total / 4n) },
    },
    webhooks: {
      ops: {
        url: receiver.value.url,
        secret: 's',
        events: ['open'],
        kinds: [],
        format: 'json',
        min_severity: 'info',
        from: '',
        to: [],
        group_wait_ms: 0,
        group_max: 20,
        max_per_minute: 0,
        timeout_ms: 2_000,
        max_attempts: 5,
      },
    },
    limits: { publishMs: 20, snapshotMs: 40 },
    webhookRetry: { baseMs: 10, capMs: 50 },
  };
  const start = (): SpawnedNode => spawnNode(PROCESS, [directory.value, JSON.stringify(config)]);
  let processes = [start(), start()];
  await Promise.all(processes.map((each) => each.ready(/ready/)));

  // All events lie within one day: the period does not end under the test.
  const ts = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const next = [0, 0];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const partition = batch % PARTITIONS;
    const records = Array.from({ length: BATCH }, (_, index) => {
      const source_offset = next[partition] ?? 0;
      next[partition] = source_offset + 1;
      return costRecord(partition, { ts, source_offset, cost_usd: 3n, feature: `f${index % 5}` });
    });
    await log.append(EVENTS.cost.topic, records);
    await sleep(15);
    if (batch % 15 === 14) {
      await sleep(Math.random() * 60);
      const victim = processes.shift();
      await victim?.kill9();
      processes = [...processes, start()];
    }
  }
  await Promise.all(processes.map((each) => each.ready(/ready/)));

  await waitFor(
    async () => {
      const lag = await log.lag(ANOMALY_GROUPS.spend, EVENTS.cost.topic);
      expect(lag.every((partition) => partition.lag === 0)).toBe(true);
      const states = await newest(log);
      expect(states.get('all')).toMatchObject({ spent: total, requests: BATCHES * BATCH });
      for (let feature = 0; feature < 5; feature += 1) {
        expect(states.get(`features|feature=f${feature}`)).toMatchObject({ spent: total / 5n });
      }
      expect(states.size).toBe(6);
      return true;
    },
    { what: 'exact budget states', timeoutMs: 20_000, intervalMs: 50 },
  );
  const fired = new Map<string, string>();
  for (const { value } of await readTopic(log, EVENTS['cost-anomaly'].topic)) {
    const event = createCodec('cost-anomaly').decode(value);
    const content = Buffer.from(value).toString('hex');
    expect(fired.get(`${event.anomaly_id}.${event.version}`) ?? content).toBe(content);
    fired.set(`${event.anomaly_id}.${event.version}`, content);
  }
  // all: three thresholds; each feature reaches 0.8 of its limit: two.
  const opened = [...fired.keys()].filter((id) => id.endsWith('.1')).sort();
  expect(opened).toHaveLength(3 + 5 * 2);
  const called = (): string[] => [...new Set(receiver.value.calls.map(({ headers }) => String(headers['webhook-id'])))];
  await waitFor(() => called().length === opened.length, { what: 'the webhook to know every alert' });
  expect(called().sort()).toEqual(opened);
  await Promise.all(processes.map((each) => each.kill9()));
  await log.close();
  await receiver.stop();
  await directory.stop();
}, 60_000);
