import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
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

it('I3 kill -9: every answer that a client saw whole has its row, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-ingress-'));
  const upstream = await startUpstream((request, response) => {
    request.resume();
    request.on('end', () => response.end('{"usage":{"total_tokens":1}}'));
  });
  const answered = new Set<string>();
  for (let kill = 0; kill < 3; kill += 1) {
    const script = join(import.meta.dirname, 'testing/ingress-process.ts');
    const child = spawn(process.execPath, [script, directory, upstream.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = line.toString().trim();
    let killed = false;
    const client = async (): Promise<void> => {
      while (!killed) {
        const answer = await call(`${url}/custom-up/a`, { method: 'POST', body: '{}' }).catch(() => undefined);
        if (answer?.whole === true) answered.add(String(answer.headers['cf-aig-log-id']));
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const wanted = answered.size + 50;
    await waitFor(() => answered.size >= wanted, {
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
  const ids = (await eventsOf(log)).map((event) => event.request_id);
  await log.close();
  rmSync(directory, { recursive: true, force: true });
  expect(answered.size).toBeGreaterThanOrEqual(150);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...answered].filter((id) => !ids.includes(id))).toEqual([]);
});
