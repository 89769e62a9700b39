import http from 'node:http';
import { WeirError } from '@weir/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const BODY = 'x'.repeat(5_000);

async function scene(settings: Parameters<typeof startTestIngress>[1] = {}): Promise<TestIngress> {
  const upstream = await startUpstream((request, response) => {
    request.resume();
    if (request.url === '/slow') setTimeout(() => response.end(BODY), 300);
    else response.end(BODY);
  });
  const started = await startTestIngress(upstream.url, settings);
  stops.push(upstream.stop, () => started.ingress.stop());
  return started;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const post = (url: string): ReturnType<typeof call> => call(`${url}/custom-up/a`, { method: 'POST', body: BODY });

describe('I7 a log that fills up', () => {
  it('bodies go first, with one line per change', async () => {
    const { url, log, telemetry } = await scene();
    log.level = 0.95;
    await post(url);
    await post(url);
    log.level = 0.5;
    await post(url);
    expect(log.events().map(({ payload }) => payload)).toEqual(['dropped', 'dropped', 'full']);
    expect(log.events()[0]).toMatchObject({ request_bytes: 5_000, response_bytes: 5_000, outcome: 'ok' });
    expect(log.events()[0]?.facts).toContain('"usageSource"');
    expect(log.values[0]?.length).toBeLessThan(4_000);
    expect(telemetry.lines.filter((line) => line.includes('bodies'))).toHaveLength(2);
    expect(telemetry.counts.get('weir_ingress_bodies_dropped_total{}')).toBe(2);
  });

  it('an event that is refused is written without its bodies', async () => {
    const { url, log } = await scene();
    log.recordBytesMax = 4_000;
    const answer = await post(url);
    expect(answer.body.toString()).toBe(BODY);
    expect(log.events()).toMatchObject([{ payload: 'dropped', status: 200 }]);
  });

  it('then the end of the answer waits for it, and new calls are refused', async () => {
    const { url, log, telemetry } = await scene();
    log.recordBytesMax = -1;
    let done = false;
    const waiting = post(url).then((answer) => {
      done = true;
      return answer;
    });
    await pause(250);
    expect(done).toBe(false);
    const refused = await post(url);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    expect(JSON.parse(refused.body.toString())).toMatchObject({ weirCode: 'INGRESS_LOG_FULL' });
    expect((await call(`${url}/readyz`)).status).toBe(503);
    expect((await call(`${url}/healthz`)).status).toBe(200);
    expect(telemetry.lines.some((line) => line.startsWith('error') && line.includes('INGRESS_LOG_FULL'))).toBe(true);
    log.recordBytesMax = Number.POSITIVE_INFINITY;
    const answer = await waiting;
    expect(answer.whole).toBe(true);
    expect(answer.body.toString()).toBe(BODY);
    expect(log.events()).toHaveLength(1);
    expect((await call(`${url}/readyz`)).status).toBe(200);
    expect((await post(url)).status).toBe(200);
  });

  it('after appendWaitMs the client is cut off; the event is still written later', async () => {
    const { url, log } = await scene({ appendWaitMs: 100 });
    log.recordBytesMax = -1;
    const answer = await post(url).catch(() => 'cut');
    expect(answer === 'cut' || (answer as { whole: boolean }).whole === false).toBe(true);
    expect(log.values).toEqual([]);
    log.recordBytesMax = Number.POSITIVE_INFINITY;
    expect(await log.take(1)).toMatchObject([{ status: 200, complete: true, client_gone: false }]);
  });

  it('what cannot be written until the end is logged whole and counted', async () => {
    const { ingress, url, log, telemetry } = await scene({ shutdownGraceMs: 200 });
    log.recordBytesMax = -1;
    const cut = post(url).catch(() => undefined);
    await pause(100);
    await ingress.stop();
    await cut;
    expect(telemetry.counts.get('weir_ingress_events_lost_total{}')).toBe(1);
    const line = telemetry.lines.find((candidate) => candidate.includes('INGRESS_EVENT_LOST'));
    expect(line).toContain('"request_bytes":5000');
    expect(line).not.toContain('xxxxxxxx');
  });

  it('refuses before calling anyone while the log says it is full', async () => {
    const { url, log } = await scene();
    log.level = 1;
    expect((await post(url)).status).toBe(503);
    expect(log.values).toEqual([]);
  });

  it('a log that is closed is treated as full', async () => {
    const { url, log } = await scene({ appendWaitMs: 100 });
    log.appendSync = () => {
      throw new WeirError('LOG_CLOSED', 'closed');
    };
    const answer = await post(url).catch(() => undefined);
    expect(answer?.whole ?? false).toBe(false);
  });
});

describe('stop', () => {
  it('lets a stream end, and takes no new connection', async () => {
    let finish: () => void = () => undefined;
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      finish = () => response.end('data: 2\n\n');
    });
    const { ingress, url, log } = await startTestIngress(upstream.url);
    stops.push(upstream.stop);
    const agent = new http.Agent({ keepAlive: true });
    let stopped: Promise<void> | undefined;
    const text = await new Promise<string>((resolve) => {
      http.get(`${url}/custom-up/a`, { agent }, (response) => {
        const parts: string[] = [];
        response.on('data', (chunk: Buffer) => {
          parts.push(chunk.toString());
          if (stopped !== undefined) return;
          stopped = ingress.stop();
          setTimeout(() => {
            call(`${url}/custom-up/b`).then(
              () => resolve('a new connection was taken'),
              () => finish(),
            );
          }, 50);
        });
        response.on('end', () => resolve(parts.join('')));
      });
    });
    expect(text).toBe('data: 1\n\ndata: 2\n\n');
    await stopped;
    expect(log.events()).toMatchObject([{ complete: true, outcome: 'ok' }]);
    agent.destroy();
  });

  it('cuts what goes on beyond the grace, and writes its row', async () => {
    const started = Promise.withResolvers<void>();
    const upstream = await startUpstream((_request, response) => response.write('never ends', () => started.resolve()));
    const { ingress, url, log } = await startTestIngress(upstream.url, { shutdownGraceMs: 1_000 });
    stops.push(upstream.stop);
    const answer = call(`${url}/custom-up/a`);
    await started.promise;
    await ingress.stop();
    expect((await answer).whole).toBe(false);
    expect(log.events()).toMatchObject([
      { complete: false, outcome: 'cancelled', error_code: 'INGRESS_STOPPING', client_gone: false, status: 200 },
    ]);
  });

  it('is the same call when called twice', async () => {
    const { ingress } = await scene();
    expect(ingress.stop()).toBe(ingress.stop());
    await ingress.stop();
  });
});

describe('operations', () => {
  it('answers health, readiness and metrics without shadowing providers', async () => {
    const { url } = await scene();
    expect((await call(`${url}/healthz`)).status).toBe(200);
    expect((await call(`${url}/readyz`)).status).toBe(200);
    const metrics = await call(`${url}/metrics`);
    expect([metrics.status, metrics.body.toString()]).toEqual([200, 'weir_test 1\n']);
    expect((await call(`${url}/custom-up/metrics`)).body.toString()).toBe(BODY);
  });
});
