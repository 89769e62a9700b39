import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from '@weir/event-log';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { openMemoryLog } from '@weir/event-log/drivers/memory';
import { createCodec, EVENTS, type RequestEvent } from '@weir/events';
import { createLogger, createMetrics } from '@weir/telemetry';
import { waitFor } from '@weir/testkit';
import { expect, it } from 'vitest';
import { startIngress } from './service.ts';
import { call, startUpstream } from './testing/http-peers.ts';

const TOPIC = EVENTS.request.topic;
const codec = createCodec('request');

async function eventsOf(log: EventLog): Promise<RequestEvent[]> {
  const ends = await log.describe();
  const count = ends.find(({ name }) => name === TOPIC)?.records ?? 0;
  const events: RequestEvent[] = [];
  const controller = new AbortController();
  if (count === 0) return events;
  for await (const record of log.tail(TOPIC, { from: 'earliest', signal: controller.signal })) {
    events.push(codec.decode(record.value));
    if (events.length === count) controller.abort();
  }
  return events;
}

it('starts with the real logger, metrics and a log driver', async () => {
  const upstream = await startUpstream((_request, response) => response.end('{}'));
  const log = openMemoryLog();
  await log.ensureTopics([{ name: TOPIC, partitions: 1 }]);
  const metrics = createMetrics();
  const { value, stop } = await startIngress(
    { port: 0, customProviders: { up: { baseUrl: upstream.url } } },
    {
      appender: log,
      logger: createLogger({ name: 'ingress', level: 'silent', format: 'json' }),
      metrics,
      metricsText: () => metrics.text(),
      version: '1.2.3',
    },
  );
  await call(`${value.url}/custom-up/a`);
  const text = (await call(`${value.url}/metrics`)).body.toString();
  await stop();
  await upstream.stop();
  expect(text).toContain('weir_ingress_requests_total{provider="custom-up",outcome="ok"} 1');
  expect(text).toContain('weir_ingress_calls_in_flight 0');
  expect(await eventsOf(log)).toMatchObject([{ path: '/a', weir_version: '1.2.3' }]);
});

it('fails to start on a port that is taken, and leaves nothing behind', async () => {
  const upstream = await startUpstream((_request, response) => response.end());
  const metrics = createMetrics();
  const starting = startIngress(
    { port: upstream.port },
    {
      appender: openMemoryLog(),
      logger: createLogger({ name: 'ingress', level: 'silent', format: 'json' }),
      metrics,
      metricsText: () => metrics.text(),
      version: '1',
    },
  );
  await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await upstream.stop();
});

/** Kills an ingress process under load three times; the answers that clients saw whole, and every row there is. */
async function killStorm(
  handle: Parameters<typeof startUpstream>[0],
  headers: Record<string, string>,
): Promise<{ answered: http.IncomingHttpHeaders[]; events: RequestEvent[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-ingress-'));
  const upstream = await startUpstream(handle);
  const answered: http.IncomingHttpHeaders[] = [];
  for (let kill = 0; kill < 3; kill += 1) {
    const script = join(import.meta.dirname, 'testing/ingress-process.ts');
    const child = spawn(process.execPath, [script, directory, upstream.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = line.toString().trim();
    let killed = false;
    const client = async (): Promise<void> => {
      while (!killed) {
        const answer = await call(`${url}/custom-up/a`, { method: 'POST', body: '{}', headers }).catch(() => undefined);
        if (answer?.whole === true) answered.push(answer.headers);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const wanted = answered.length + 50;
    await waitFor(() => answered.length >= wanted, {
      what: '50 answers of this process',
      timeoutMs: 30_000,
      intervalMs: 1,
    });
    child.kill('SIGKILL');
    killed = true;
    await once(child, 'exit');
    await Promise.all(clients);
  }
  await upstream.stop();
  const log = openEmbeddedLog({ directory });
  const events = await eventsOf(log);
  await log.close();
  rmSync(directory, { recursive: true, force: true });
  return { answered, events };
}

it('I3 kill -9: every answer that a client saw whole has its row, once', async () => {
  const { answered, events } = await killStorm((request, response) => {
    request.resume();
    request.on('end', () => response.end('{"usage":{"total_tokens":1}}'));
  }, {});
  const ids = events.map((event) => event.request_id);
  expect(answered.length).toBeGreaterThanOrEqual(150);
  expect(new Set(ids).size).toBe(ids.length);
  expect(answered.filter((headers) => !ids.includes(String(headers['cf-aig-log-id'])))).toEqual([]);
});

it('I3 kill -9 between attempts: no attempt without the row of the one before it', async () => {
  let turn = 0;
  const { answered, events } = await killStorm(
    (request, response) => {
      request.resume();
      turn += 1;
      response.writeHead(turn % 3 === 0 ? 200 : 503).end('{}');
    },
    { 'cf-aig-max-attempts': '5', 'cf-aig-retry-delay': '1' },
  );
  const known = new Set(events.map(({ parent_id, attempt }) => `${parent_id} ${attempt}`));
  expect(known.size).toBe(events.length);
  expect(events.some(({ attempt }) => attempt > 1)).toBe(true);
  const orphans = events.filter(({ parent_id, attempt }) => attempt > 1 && !known.has(`${parent_id} ${attempt - 1}`));
  expect(orphans).toEqual([]);
  const ids = new Set(events.map(({ request_id }) => request_id));
  expect(answered.filter((headers) => !ids.has(String(headers['cf-aig-log-id'])))).toEqual([]);
});
