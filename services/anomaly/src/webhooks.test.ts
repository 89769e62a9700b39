import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import { MemoryStorage, openMemoryLog } from '@weir/event-log/drivers/memory';
import { type CostAnomalyEvent, createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { createLogger, createMetrics } from '@weir/telemetry';
import { freePort, startWebhookReceiver, type WebhookAnswer, type WebhookReceiver, waitFor } from '@weir/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAnomaly, webhookGroup } from './index.ts';
import { readTopic } from './testing/read-topic.ts';
import type { WebhookConfig } from './webhooks/deliver.ts';

const TOPIC = EVENTS['cost-anomaly'].topic;
const SECRET = 'a-secret-of-the-receiver';

let storage: MemoryStorage;
let log: ReturnType<typeof openMemoryLog>;
let logged: string;
let stops: (() => Promise<unknown>)[];
beforeEach(async () => {
  storage = new MemoryStorage();
  log = openMemoryLog({ storage, leaseMs: 100 });
  const names = [TOPIC, EVENTS['dead-letter'].topic];
  await log.ensureTopics(names.map((name) => ({ name, partitions: 1 })));
  logged = '';
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await log.close();
});

async function receiver(answer: WebhookAnswer): Promise<WebhookReceiver> {
  const started = await startWebhookReceiver(answer);
  stops.push(() => started.stop());
  return started.value;
}

async function start(webhooks: Record<string, Partial<WebhookConfig> & { url: string }>, onLog = log) {
  const defaults = {
    secret: SECRET,
    events: ['open', 'resolved'] as const,
    kinds: [],
    format: 'json' as const,
    timeout_ms: 1_000,
    max_attempts: 3,
  };
  const entries = Object.entries(webhooks).map(([name, webhook]) => [name, { ...defaults, ...webhook }]);
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const service = await startAnomaly(
    { budgets: {}, webhooks: Object.fromEntries(entries), webhookRetry: { baseMs: 5, capMs: 20 } },
    {
      log: onLog,
      logger: createLogger({ name: 'test', level: 'trace', format: 'json', destination }),
      metrics: createMetrics(),
      version: '1.2.3',
    },
  );
  stops.push(() => service.stop());
  return service;
}

const codec = createCodec('cost-anomaly');
const alertOf = (number: number, change: Partial<CostAnomalyEvent> = {}): CostAnomalyEvent => ({
  ...GOLDEN_EVENTS['cost-anomaly'],
  anomaly_id: `00000000-0000-5000-8000-${String(number).padStart(12, '0')}`,
  version: 1,
  status: 'open',
  kind: 'budget',
  ...change,
});
const publish = (...events: CostAnomalyEvent[]) =>
  log.append(
    TOPIC,
    events.map((event) => ({ key: event.anomaly_id, value: codec.encode(event) })),
  );
const handled = (name: string): Promise<unknown> =>
  waitFor(async () => (await log.lag(webhookGroup(name), TOPIC)).every(({ lag }) => lag === 0), {
    what: `${name} to have handled everything`,
  });
const deadLetters = async () =>
  (await readTopic(log, EVENTS['dead-letter'].topic)).map(({ value }) => createCodec('dead-letter').decode(value));

describe('I3 webhooks', () => {
  it('are called once for each event they ask for, in order, signed over id, time and body', async () => {
    const { url, calls } = await receiver(() => ({ status: 204 }));
    await start({ ops: { url: `${url}/hook` } });
    await publish(alertOf(1), alertOf(2, { status: 'update', version: 2 }), alertOf(3, { status: 'resolved' }));
    await handled('ops');
    expect(calls.map(({ headers }) => headers['webhook-id'])).toEqual(
      [1, 3].map((number) => `${alertOf(number).anomaly_id}.1`),
    );
    for (const { headers, body, path } of calls) {
      const id = headers['webhook-id'];
      const timestamp = headers['webhook-timestamp'];
      expect(path).toBe('/hook');
      expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60);
      const expected = createHmac('sha256', SECRET).update(`${id}.${timestamp}.${body}`).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
      expect(headers['user-agent']).toBe('Weir/1.2.3');
      // Money leaves as text (I4).
      expect(typeof JSON.parse(body).impact_usd).toBe('string');
    }
  });

  it('are tried again after a passing fault, and given up with a dead letter after the last try or a refusal', async () => {
    const flaky = await receiver((_call, count) => (count < 3 ? { status: count === 1 ? 500 : 429 } : { status: 200 }));
    // A port that fetch refuses to call.
    const barred = { url: 'http://127.0.0.1:9/secret-path-3', max_attempts: 1 };
    const down = { url: `http://127.0.0.1:${await freePort()}/secret-path-1` };
    const silent = await receiver(() => undefined);
    const gone = await receiver(() => ({ status: 410 }));
    await start({
      flaky: { url: flaky.url },
      down,
      barred,
      silent: { url: silent.url, timeout_ms: 100, max_attempts: 2 },
      gone: { url: `${gone.url}/secret-path-2` },
    });
    await publish(alertOf(1));
    await Promise.all(['flaky', 'down', 'barred', 'silent', 'gone'].map(handled));
    expect(new Set(flaky.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(flaky.calls).toHaveLength(3);
    expect(silent.calls).toHaveLength(2);
    expect(gone.calls).toHaveLength(1);
    const letters = (await deadLetters()).map(({ error_code, error_message }) => `${error_code} ${error_message}`);
    expect(letters.sort()).toEqual([
      'WEBHOOK_FAILED webhook barred: bad port after 1 try',
      'WEBHOOK_FAILED webhook down: ECONNREFUSED after 3 tries',
      'WEBHOOK_FAILED webhook silent: timeout after 2 tries',
      'WEBHOOK_REFUSED webhook gone: status 410',
    ]);
    // I8: neither the secret nor the address, which may be one, is in a line or a letter.
    expect(logged).toContain('webhook call failed');
    expect(logged + letters.join()).not.toMatch(/secret-path|a-secret-of-the-receiver/);
  });

  it('follow no redirect', async () => {
    const elsewhere = await receiver(() => ({ status: 200 }));
    const redirecting = await receiver(() => ({ status: 307, location: elsewhere.url }));
    await start({ ops: { url: redirecting.url } });
    await publish(alertOf(1));
    await handled('ops');
    expect(elsewhere.calls).toHaveLength(0);
    expect((await deadLetters()).map(({ error_code }) => error_code)).toEqual(['WEBHOOK_REFUSED']);
  });

  it('go on where a dead process stopped, and do not send again what is published again', async () => {
    const { url, calls } = await receiver(() => ({ status: 200 }));
    const first = openMemoryLog({ storage, leaseMs: 100 });
    await start({ ops: { url } }, first);
    await publish(alertOf(1), alertOf(2));
    await handled('ops');
    first.abandon();
    await publish(alertOf(1), alertOf(2), alertOf(3));
    await start({ ops: { url } });
    await handled('ops');
    const ids = calls.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([1, 2, 3].map((number) => `${alertOf(number).anomaly_id}.1`));
  });

  it('send a sentence to Slack, and only the kinds that are asked for', async () => {
    const { url, calls } = await receiver(() => ({ status: 200 }));
    await start({ slack: { url, format: 'slack', secret: '', kinds: ['budget'] } });
    await publish(
      alertOf(1, { kind: 'price_change' }),
      alertOf(2, { severity: 'critical', message: 'Budget b is spent.' }),
    );
    await handled('slack');
    expect(calls.map(({ body }) => JSON.parse(body))).toEqual([{ text: '[critical] Budget b is spent.' }]);
    expect(calls[0]?.headers).not.toHaveProperty('webhook-signature');
  });
});
