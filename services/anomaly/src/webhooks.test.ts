import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import { MemoryStorage, openMemoryLog } from '@weir/event-log/drivers/memory';
import { type CostAnomalyEvent, createCodec, EVENTS } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { createLogger, createMetrics } from '@weir/telemetry';
import {
  freePort,
  startMailReceiver,
  startWebhookReceiver,
  type WebhookAnswer,
  type WebhookReceiver,
  waitFor,
} from '@weir/testkit';
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
  const names = [TOPIC, EVENTS['alert-action'].topic, EVENTS['dead-letter'].topic];
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
    min_severity: 'info' as const,
    from: '',
    to: [],
    group_wait_ms: 0,
    group_max: 20,
    max_per_minute: 0,
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

  it('I3 are not told of what people muted, from the first event after a restart on, and are when it is withdrawn', async () => {
    const actions = createCodec('alert-action');
    const say = (action: 'mute' | 'withdraw') =>
      log.append(EVENTS['alert-action'].topic, [
        {
          key: 'scope/kind=budget',
          value: actions.encode({
            ...GOLDEN_EVENTS['alert-action'],
            action_key: 'scope/kind=budget',
            action,
            pattern: { kind: 'budget' },
            until: null,
          }),
        },
      ]);
    const { url, calls } = await receiver(() => ({ status: 204 }));
    await say('mute');
    const first = await start({ ops: { url } });
    await publish(alertOf(1), alertOf(2, { kind: 'outage' }));
    await handled('ops');
    await first.stop();
    await start({ ops: { url } });
    await publish(alertOf(3), alertOf(4, { kind: 'outage' }));
    await handled('ops');
    const told = () => calls.map(({ body }) => Number(JSON.parse(body).anomaly_id.slice(-3)));
    expect(told()).toEqual([2, 4]);
    expect(logged).toContain('alert not sent');
    await say('withdraw');
    await waitFor(
      async () => {
        await publish(alertOf(5 + calls.length));
        await handled('ops');
        return told().length > 2;
      },
      { what: 'an event after the withdrawal' },
    );
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

  it('send only the kinds that are asked for, from the severity that is asked for', async () => {
    const { url, calls } = await receiver(() => ({ status: 200 }));
    await start({ slack: { url, format: 'slack', secret: '', kinds: ['budget'], min_severity: 'warning' } });
    await publish(
      alertOf(1, { kind: 'price_change', severity: 'critical' }),
      alertOf(3, { severity: 'info' }),
      alertOf(2, { severity: 'critical', message: 'Budget b is spent.' }),
    );
    await handled('slack');
    expect(calls.map(({ body }) => JSON.parse(body).text)).toEqual(['[critical] Budget b is spent.']);
    expect(calls[0]?.headers).not.toHaveProperty('webhook-signature');
  });

  it('tell together what comes within the wait, in order, each alert once, and as one call again after a fault', async () => {
    const { url, calls } = await receiver((_call, count) => ({ status: count === 1 ? 503 : 200 }));
    await start({ ops: { url, group_wait_ms: 300, group_max: 4 } });
    await publish(alertOf(1), alertOf(2), alertOf(1));
    await publish(...[3, 4, 5, 6].map((number) => alertOf(number)));
    await handled('ops');
    const told = calls.map(({ body }) =>
      (JSON.parse(body).alerts as { anomaly_id: string }[]).map((alert) => alert.anomaly_id),
    );
    expect(told[1]).toEqual(told[0]);
    expect(told.slice(1).flat()).toEqual([1, 2, 3, 4, 5, 6].map((number) => alertOf(number).anomaly_id));
    for (const group of told) expect(group.length).toBeLessThanOrEqual(4);
    expect(calls[1]?.headers['webhook-id']).toBe(calls[0]?.headers['webhook-id']);
    expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(calls.length - 1);
  });

  it('I7 call no more often than is allowed: what is beyond waits in the log', async () => {
    const { url, calls } = await receiver(() => ({ status: 200 }));
    await start({ ops: { url, max_per_minute: 3 } });
    await publish(...[1, 2, 3, 4, 5].map((number) => alertOf(number)));
    await waitFor(async () => calls.length >= 3, { what: 'three calls' });
    expect((await log.lag(webhookGroup('ops'), TOPIC)).reduce((sum, { lag }) => sum + lag, 0)).toBeGreaterThanOrEqual(
      2,
    );
    expect(calls).toHaveLength(3);
  });

  it('wait as long as the receiver says', async () => {
    const times: number[] = [];
    const { url } = await receiver((_call, count) => {
      times.push(performance.now());
      return count === 1 ? { status: 429, retryAfter: '1' } : { status: 200 };
    });
    await start({ ops: { url } });
    await publish(alertOf(1));
    await handled('ops');
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(950);
  });

  it('by mail: one conversation an alert, tried again after 4xx, given up at 5xx, no password in a letter', async () => {
    const mail = await startMailReceiver({
      password: 'a-secret-of-the-receiver',
      answer: (_mail, count) => (count === 1 ? 451 : count === 4 ? 550 : undefined),
    });
    stops.push(() => mail.stop());
    const url = `smtp://weir:${SECRET}@${mail.value.address}`;
    const format = 'email' as const;
    const to = ['a@example.com', 'b@example.com'];
    await start({
      mail: { url, format, from: 'weir@example.com', to },
      wrong: { url: url.replace('a-secret', 'no'), format, from: 'w@e.com', to },
    });
    await publish(
      alertOf(1, { message: 'Budget b is\nspent.' }),
      alertOf(1, { status: 'resolved', version: 3 }),
      alertOf(2),
    );
    await Promise.all(['mail', 'wrong'].map(handled));
    const header = (source: string | undefined, name: string) =>
      new RegExp(`^${name}: (.*)$`, 'mi').exec(source ?? '')?.[1]?.trim();
    expect(mail.value.mails.map(({ from, to, user }) => [from, to, user])).toEqual(
      Array.from({ length: 4 }, () => ['weir@example.com', ['a@example.com', 'b@example.com'], 'weir']),
    );
    const [first, again, resolved] = mail.value.mails.map(({ source }) => source);
    expect(header(first, 'Subject')).toMatch(/^\[Weir\] \[\w+\] Budget b is spent\.$/);
    expect(header(again, 'Message-ID')).toBe(header(first, 'Message-ID'));
    expect(header(resolved, 'In-Reply-To')).toBe(header(first, 'Message-ID'));
    const letters = (await deadLetters()).map(({ error_code, error_message }) => `${error_code} ${error_message}`);
    expect(new Set(letters)).toEqual(
      new Set(['WEBHOOK_REFUSED webhook mail: SMTP status 550', 'WEBHOOK_REFUSED webhook wrong: SMTP status 535']),
    );
    expect(logged + letters.join()).not.toMatch(/secret-of-the-receiver/);
  });

  it('PagerDuty gets one incident an alert, opened and resolved by the same key, in calls of their own', async () => {
    const { url, calls } = await receiver(() => ({ status: 202 }));
    await start({ pager: { url, format: 'pagerduty', secret: 'routing-key', group_wait_ms: 100 } });
    await publish(
      alertOf(1, { severity: 'warning', message: 'm'.repeat(2_000) }),
      alertOf(1, { status: 'resolved', version: 3 }),
    );
    await handled('pager');
    const [trigger, resolve] = calls.map(({ body }) => JSON.parse(body));
    const key = alertOf(1).anomaly_id;
    expect(trigger).toMatchObject({
      routing_key: 'routing-key',
      event_action: 'trigger',
      dedup_key: key,
      payload: { severity: 'warning', source: 'weir' },
    });
    expect(trigger.payload.summary).toHaveLength(1_024);
    expect(resolve).toEqual({ routing_key: 'routing-key', event_action: 'resolve', dedup_key: key });
    expect(calls[0]?.headers).not.toHaveProperty('webhook-signature');
  });

  it('what a format lacks is told at the start, by field, without the address', async () => {
    const failure = async (webhook: Partial<WebhookConfig> & { url: string }) =>
      start({ ops: webhook }).then(
        () => undefined,
        (error: unknown) => error,
      );
    const mail = { url: 'smtp://secret-host', format: 'email', from: 'a@b.c', to: ['a@b.c'] } as const;
    for (const [webhook, field] of [
      [{ ...mail, url: 'https://secret-host' }, 'url'],
      [{ ...mail, format: 'json' as const }, 'url'],
      [{ ...mail, from: '' }, 'from'],
      [{ ...mail, to: [] }, 'to'],
      [{ url: 'https://secret-host', format: 'pagerduty' as const, secret: '' }, 'secret'],
    ] as const) {
      const error = await failure(webhook);
      expect(error).toMatchObject({
        code: 'WEBHOOK_INVALID',
        message: expect.stringContaining(`webhooks.ops.${field}`),
      });
      expect(String(error)).not.toContain('secret-host');
    }
  });
});
