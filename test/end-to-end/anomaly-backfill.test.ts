import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { EVENTS } from '@weir/events';
import type { Started } from '@weir/kernel';
import { startWebhookReceiver, tempDirectory, type WebhookReceiver, waitFor } from '@weir/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAY, HOUR, historyRecords, STREAMS } from '../support/anomaly-scene.ts';
import { type RunningWeir, startWeir } from '../support/running-weir.ts';

const END = Date.now();
const START = END - 21 * DAY;
/** From here on each request of chat takes three per cent more a day. */
const DRIFT = { from: END - 12 * DAY, aDay: 0.03 };
/** Two and a half times the traffic for three hours. */
const SURGE = { from: END - 2 * DAY, to: END - 2 * DAY + 3 * HOUR, times: 2.5 };

interface Told {
  readonly kind: string;
  readonly status: string;
  readonly severity: string;
  readonly direction: string;
  readonly message: string;
  readonly attributed: readonly { readonly scope: Record<string, string> }[];
}

let home: Started<string>;
let receiver: Started<WebhookReceiver>;
let weir: RunningWeir;

beforeAll(async () => {
  home = await tempDirectory();
  receiver = await startWebhookReceiver(() => ({ status: 204 }));
  const { chat, summarise, classify, api } = STREAMS;
  const records = historyRecords({
    streams: [{ ...chat, model: 'gpt-4', perHour: 12 }, summarise, classify, api],
    from: START,
    to: END,
    seed: 'backfill',
    keyIds: { openai: 'k-1' },
    change(stream, call, ts) {
      const days = Math.max(0, ts - DRIFT.from) / DAY;
      return stream.feature === 'chat' ? { ...call, tokens: Math.round(call.tokens * (1 + DRIFT.aDay) ** days) } : call;
    },
    volume: (_, ts) => (ts >= SURGE.from && ts < SURGE.to ? SURGE.times : 1),
  });
  // All of it lies in the log before anyone reads: it then happens in its own time.
  const directory = join(home.value, 'data/log');
  mkdirSync(directory, { recursive: true });
  const log = openEmbeddedLog({ directory });
  await log.ensureTopics([{ name: EVENTS.request.topic, partitions: 1 }]);
  for (let at = 0; at < records.length; at += 2_000) {
    await log.append(EVENTS.request.topic, records.slice(at, at + 2_000));
  }
  await log.close();
  weir = await startWeir(
    'http://127.0.0.1:9',
    {
      payloads: { store: false },
      anomalies: { history_days: 0 },
      webhooks: { ops: { url: receiver.value.url, secret: 's', max_per_minute: 0 } },
    },
    home.value,
  );
}, 300_000);
afterAll(async () => {
  await weir?.stop();
  await receiver?.stop();
  await home?.stop();
});

it('I3 a drift of weeks and a surge are told of when their events are read, the surge as no more than a note', async () => {
  const told = (): Told[] => receiver.value.calls.map(({ body }) => JSON.parse(body) as Told);
  await waitFor(() => ['slow_drift', 'traffic_surge'].every((kind) => told().some((one) => one.kind === kind)), {
    what: 'both alerts',
    timeoutMs: 300_000,
  });
  const drift = told().find(({ kind }) => kind === 'slow_drift');
  expect(drift).toMatchObject({ direction: 'up', attributed: [{ scope: { feature: 'chat' } }] });
  expect(drift?.message).toMatch(/creeping up: production\/chat/);
  for (const { kind, severity } of told().filter((one) => one.kind !== 'slow_drift')) {
    expect([kind, severity]).toEqual(['traffic_surge', 'info']);
  }
  await waitFor(
    async () => {
      const rows = await weir.query<{ kind: string }>('SELECT DISTINCT kind FROM alerts ORDER BY kind');
      return rows.map(({ kind }) => kind).join() === 'slow_drift,traffic_surge';
    },
    { what: 'both in the warehouse', timeoutMs: 60_000 },
  );
}, 600_000);
