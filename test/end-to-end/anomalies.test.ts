import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { EVENTS } from '@weir/events';
import { type Started, sleep } from '@weir/kernel';
import {
  type ReplayProvider,
  seededRandom,
  spawnNode,
  startReplayProvider,
  startWebhookReceiver,
  tempDirectory,
  type WebhookReceiver,
  waitFor,
} from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, DAY, historyRecords, STREAMS, type Stream, send } from '../support/anomaly-scene.ts';
import { type RunningWeir, startWeir, waitForRows } from '../support/running-weir.ts';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');
const BOOK = join(import.meta.dirname, '../../packages/pricing/src/price-book.json');
const DAYS = 9;
/** From the end of what was, to when the next start is ready: at least, and as a multiple of the first start's time. */
const BRIDGE_MS = 35_000;
const BRIDGE_STARTS = 3;
const QUIET_MS = 20_000;
const ARRIVES_MS = 300_000;

interface Told {
  readonly kind: string;
  readonly status: string;
  readonly severity: string;
  readonly version: number;
  readonly anomaly_id: string;
  readonly scope: Record<string, string>;
  readonly attributed: readonly { readonly scope: Record<string, string> }[];
  readonly message: string;
  readonly sample_request_ids: readonly string[];
  readonly causes: readonly { readonly delta_usd: string }[];
  readonly spend_now_usd: string | null;
  readonly spend_usual_usd: string | null;
}

let home: Started<string>;
let replay: Started<ReplayProvider>;
let receiver: Started<WebhookReceiver>;
let weir: RunningWeir;
let feed: { stop(): Promise<void> };
const random = seededRandom('live');
/** Until when the busy stream is known to have had its calls. */
let fedUntil = 0;

const settings = (enabled: boolean) => ({
  log: { partitions: 2 },
  payloads: { store: false },
  anomalies: { enabled },
  cost: { price_book: join(home.value, 'book.json') },
  budgets: { launches: { scope: { feature: 'launch' }, period: 'day', limit_requests: 1, thresholds: [1] } },
  webhooks: { ops: { url: `${receiver.value.url}/hook`, secret: 's', events: ['open', 'update', 'resolved'] } },
});

const told = (): Told[] => receiver.value.calls.map(({ body }) => JSON.parse(body) as Told);

/** Appends what the gateway would have written, while it writes or while nothing runs. */
async function append(streams: readonly Stream[], from: number, to: number, keyIds: Record<string, string>) {
  const log = openEmbeddedLog({ directory: join(home.value, 'data/log') });
  const records = historyRecords({ streams, from, to, seed: `history-${from}`, keyIds });
  for (let at = 0; at < records.length; at += 2_000) {
    await log.append(EVENTS.request.topic, records.slice(at, at + 2_000));
  }
  await log.close();
  return records.length;
}

/** Calls of the busy stream at their usual rate, until it is stopped. */
function startFeed(stream: Stream): { stop(): Promise<void> } {
  const ending = new AbortController();
  const calls: Promise<void>[] = [];
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      calls.push(send(weir.ingressUrl, stream, callOf(stream, random)));
      await sleep((-Math.log(1 - random.next()) * 3_600_000) / stream.perHour, ending.signal);
    }
  };
  const running = run();
  return {
    async stop() {
      ending.abort();
      await running;
      await Promise.all(calls);
    },
  };
}

beforeAll(async () => {
  home = await tempDirectory();
  writeFileSync(join(home.value, 'book.json'), readFileSync(BOOK));
  replay = await startReplayProvider();
  receiver = await startWebhookReceiver(() => ({ status: 204 }));
  const began = Date.now();
  weir = await startWeir(replay.value.url, settings(false), home.value);
  const startMs = Date.now() - began;
  for (const stream of [STREAMS.chat, STREAMS.translate]) await send(weir.ingressUrl, stream, callOf(stream, random));
  await waitForRows(weir, 2);
  const keys = await weir.query<{ provider: string; key: string }>('SELECT provider, api_key_id AS key FROM requests');
  const keyIds = Object.fromEntries(keys.map(({ provider, key }) => [provider, key]));
  const pulse = { ...STREAMS.pulse, around: Date.now() };
  const streams = Object.values({ ...STREAMS, pulse });
  const now = Date.now();
  const rows = await append(streams, now - DAYS * DAY, now, keyIds);
  await waitForRows(weir, rows + 2, 400_000);
  await weir.stop();
  // What happens while nobody runs has been written too: nothing is missing when the next start reads on.
  fedUntil = Date.now() + Math.max(BRIDGE_MS, BRIDGE_STARTS * startMs);
  await append(streams, now, fedUntil, keyIds);
  weir = await startWeir(replay.value.url, settings(true), home.value);
}, 900_000);
afterAll(async () => {
  await feed?.stop();
  await weir?.stop();
  await receiver?.stop();
  await replay?.stop();
  await home?.stop();
});

/** Calls of different users, few at a time. */
async function sendMany(stream: Stream, count: number, change: Partial<Parameters<typeof send>[2]> = {}, fault = '') {
  const users = [...stream.users];
  for (let at = 0; at < count; at += 4) {
    const some = Array.from({ length: Math.min(4, count - at) }, (_, index) => {
      const user = users[(at + index) % users.length] ?? '';
      return send(weir.ingressUrl, stream, { ...callOf(stream, random), user, ...change }, fault);
    });
    await Promise.all(some);
  }
}

/** What goes wrong, and what names it. */
const FAULTS: Readonly<Record<string, { readonly cause: object; cause_of: () => Promise<unknown> }>> = {
  runaway_loop: {
    cause: { feature: 'chat', user_id: 'u-1' },
    cause_of: () => sendMany(STREAMS.chat, 40, { user: 'u-1' }),
  },
  prompt_change: {
    cause: { feature: 'summarise' },
    cause_of: () =>
      sendMany({ ...STREAMS.summarise, system: 'You are another one. Tell all you know.', tokens: 6_000 }, 24),
  },
  model_swap: {
    cause: { feature: 'classify', model: 'gpt-4o' },
    cause_of: () => sendMany({ ...STREAMS.classify, model: 'gpt-4o' }, 24),
  },
  retry_storm: {
    cause: { provider: 'anthropic' },
    cause_of: () => sendMany(STREAMS.translate, 30, {}, 'status=500'),
  },
  cache_collapse: { cause: { feature: 'search' }, cause_of: () => sendMany(STREAMS.search, 30) },
  key_leak: {
    cause: { user_id: 'stranger' },
    cause_of: () => sendMany({ ...STREAMS.api, system: 'Mine for me.' }, 16, { user: 'stranger' }),
  },
  outage: { cause: { feature: 'pulse' }, cause_of: () => feed.stop() },
  unpriced_model: {
    cause: { provider: 'openai', model: 'mystery-9' },
    cause_of: () => sendMany({ ...STREAMS.rank, model: 'mystery-9' }, 1),
  },
  new_feature: { cause: { feature: 'launch' }, cause_of: () => sendMany({ ...STREAMS.chat, feature: 'launch' }, 2) },
};

interface Listed {
  readonly message: string;
  readonly handling: string;
  readonly handling_reason: string;
}

/** Lines that a command prints. */
async function weirCommand(...words: string[]): Promise<string[]> {
  const config = join(home.value, 'weir.yaml');
  const command = spawnNode(MAIN, [...words, '--config', config], { cwd: home.value });
  await new Promise((resolve) => command.child.once('close', resolve));
  expect(command.child.exitCode, command.output()).toBe(0);
  return command.output().trim().split('\n');
}

const causeOf = ({ attributed, scope }: Told): Record<string, string> => attributed[0]?.scope ?? scope;

/** Waits for the alert at the webhook, on the topic and in the warehouse. */
async function arrives(kind: string, cause: object): Promise<Told> {
  const alert = await waitFor(() => told().find((one) => one.kind === kind), {
    what: `${kind} at the webhook`,
    timeoutMs: ARRIVES_MS,
    intervalMs: 100,
  });
  expect(causeOf(alert)).toMatchObject(cause);
  await waitFor(
    async () => {
      const rows = await weir.query<{ message: string }>(
        `SELECT message FROM anomalies WHERE anomaly_id = '${alert.anomaly_id}' AND version = ${alert.version}`,
      );
      return rows[0]?.message === alert.message;
    },
    { what: `${kind} in the warehouse`, timeoutMs: 30_000, intervalMs: 100 },
  );
  return alert;
}

describe('I3 anomalies, end to end', { timeout: 900_000 }, () => {
  it('are none in quiet traffic, after nine days were learnt from the warehouse', async () => {
    await sleep(Math.max(0, fedUntil - Date.now()));
    feed = startFeed(STREAMS.pulse);
    await sleep(QUIET_MS);
    expect(told()).toEqual([]);
    expect(weir.process.output()).toMatch(/anomaly detection is running/);
  });

  it('of each kind arrive on the topic, in SQL and at the webhook, and nothing else does', async () => {
    const began = Date.now();
    const seconds = new Map<string, number>();
    await Promise.all(
      Object.entries(FAULTS).map(async ([kind, { cause, cause_of: start }]) => {
        await start();
        const alert = await arrives(kind, cause);
        seconds.set(kind, Math.round((Date.now() - began) / 100) / 10);
        expect(alert.status).toBe('open');
        if (alert.spend_now_usd === null || alert.spend_usual_usd === null) return;
        const parts = alert.causes.reduce((sum, { delta_usd }) => sum + Number(delta_usd), 0);
        expect(parts).toBeCloseTo(Number(alert.spend_now_usd) - Number(alert.spend_usual_usd), 9);
      }),
    );
    await arrives('budget', { feature: 'launch' });
    process.stdout.write(
      `seconds from the first wrong call to the webhook: ${JSON.stringify(Object.fromEntries(seconds))}\n`,
    );
    const kinds = new Set(told().map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...Object.keys(FAULTS), 'budget'].sort());
  });

  it('of a price arrive after the pipeline was killed and came back with another price book', async () => {
    const file = join(home.value, 'book.json');
    const book = JSON.parse(readFileSync(file, 'utf8'));
    for (const row of Object.values<{ model: string; rates: Record<string, [string, number]> }>(book.rows)) {
      if (row.model !== 'openai/gpt-4.1-mini') continue;
      for (const rate of Object.values(row.rates)) rate[0] = String(Number(rate[0]) * 2);
    }
    writeFileSync(file, JSON.stringify(book));
    const [pid] = weir.pidsOf('pipeline-process');
    process.kill(pid ?? 0, 'SIGKILL');
    await waitFor(() => weir.query('SELECT 1').catch(() => false), { what: 'the pipeline', timeoutMs: 180_000 });
    await sendMany(STREAMS.rank, 6);
    await arrives('price_change', { provider: 'openai', model: 'gpt-4.1-mini' });
    const ids = told().map(({ anomaly_id, version }) => `${anomaly_id}.${version}`);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are printed by subscribe, each with its sentence, listed, acknowledged and muted', async () => {
    const printed = await weirCommand('subscribe', 'cost-anomalies', '--from', 'earliest', '--limit', '5');
    const events = printed.map((line) => JSON.parse(line) as Told);
    expect(events).toHaveLength(5);
    for (const { message } of events) expect(message).toMatch(/\.$/);
    const sentences = await weirCommand('subscribe', 'cost-anomalies', '--text', '--from', 'earliest', '--limit', '2');
    expect(sentences[0]).toMatch(/^\S+Z \[(info|warning|critical)\] .*\.$/);

    const [loop] = told().filter(({ kind }) => kind === 'runaway_loop');
    await weirCommand('alerts', 'ack', loop?.anomaly_id ?? '', '--reason', 'seen');
    await weirCommand('alerts', 'mute', 'kind=new_*', '--for', '1h', '--reason', 'launches', '--by', 'ada');
    await sleep(1_000);
    await sendMany({ ...STREAMS.chat, feature: 'second-launch' }, 1);
    const listed = await waitFor(
      async () => {
        const lines = (await weirCommand('alerts', 'list', '--json')).map((line) => JSON.parse(line) as Listed);
        return lines.some(({ message }) => message.includes('second-launch')) && lines;
      },
      { what: 'the second launch in the list', timeoutMs: 60_000, intervalMs: 1_000 },
    );
    const handling = (part: string) => listed.find(({ message }) => message.includes(part));
    expect(handling('second-launch')).toMatchObject({ handling: 'muted' });
    expect(handling('user=u-1')).toMatchObject({ handling: 'acknowledged', handling_reason: 'seen' });
    expect(handling('mystery-9')).toMatchObject({ handling: '' });
    expect(told().some(({ message }) => message.includes('second-launch'))).toBe(false);
  });

  it('are found again by a backtest over the ledger, with the ids of their requests', async () => {
    const from = new Date(Date.now() - (DAYS + 1) * DAY).toISOString();
    const found = (await weirCommand('backtest', '--from', from, '--quiet')).map((line) => JSON.parse(line));
    const kinds = new Set(found.map(({ kind }: Told) => kind));
    for (const kind of ['runaway_loop', 'prompt_change', 'model_swap', 'key_leak', 'cache_collapse']) {
      expect([...kinds]).toContain(kind);
    }
    const ids = found.flatMap(({ sample_ids }: { sample_ids: string[] }) => sample_ids);
    const rows = await weir.query<{ n: string }>(
      `SELECT count() AS n FROM requests WHERE toString(request_id) IN ('${[...new Set(ids)].join("','")}')`,
    );
    expect(Number(rows[0]?.n)).toBe(new Set(ids).size);
  });
});
