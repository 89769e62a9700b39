import { once } from 'node:events';
import http, { type ClientRequest, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Scene extends TestIngress {
  /** The provider's side of the call, once it has it. */
  readonly provider: Promise<{ readonly response: ServerResponse; readonly closed: Promise<void> }>;
}

async function scene(settings: Parameters<typeof startTestIngress>[1] = {}): Promise<Scene> {
  let arrived: (side: Awaited<Scene['provider']>) => void;
  const provider: Scene['provider'] = new Promise((resolve) => {
    arrived = resolve;
  });
  const upstream = await startUpstream((request, response) => {
    request.resume();
    request.on('error', () => undefined);
    arrived({ response, closed: new Promise((closed) => response.on('close', () => closed())) });
  });
  const ingress = await startTestIngress(upstream.url, settings);
  stops.push(upstream.stop, () => ingress.ingress.stop());
  return { ...ingress, provider };
}

function open(url: string, options: http.RequestOptions = {}): ClientRequest {
  const request = http.request(`${url}/custom-up/a`, { agent: false, ...options });
  request.on('error', () => undefined);
  return request;
}

/** Waits until the ingress has no client any more. */
async function clientGone({ ingress }: Scene): Promise<void> {
  const { server } = ingress.value.app;
  await expect.poll(() => promisify(server.getConnections.bind(server))()).toBe(0);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a client that leaves', () => {
  it('in the middle of a stream: the rest is read, so the usage is known', async () => {
    const it = await scene();
    const { url, log, provider } = it;
    const request = open(url);
    request.on('response', (response) => response.once('data', () => request.destroy()));
    const closed = once(request, 'close');
    request.end();
    const { response } = await provider;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"delta":"a"}\n\n');
    await closed;
    await clientGone(it);
    expect(log.values).toEqual([]);
    response.write('data: {"delta":"b"}\n\n');
    response.end('data: {"usage":{"completion_tokens":2}}\n\n');
    const [event] = await log.take(1);
    expect(event).toMatchObject({
      client_gone: true,
      complete: true,
      outcome: 'cancelled',
      status: 200,
      error_code: '',
    });
    expect(event?.response_head.toString()).toContain('completion_tokens');
  });

  it('before the provider has answered: the answer is read all the same', async () => {
    const it = await scene();
    const { url, log, provider } = it;
    const request = open(url);
    request.end();
    const { response } = await provider;
    request.destroy();
    await clientGone(it);
    response.end('{"usage":{"total_tokens":3}}');
    const [event] = await log.take(1);
    expect(event).toMatchObject({ client_gone: true, complete: true, outcome: 'cancelled', status: 200 });
    expect(event?.response_head.toString()).toContain('total_tokens');
  });

  it('while the provider was held up by it: reading goes on', async () => {
    const size = 12 * 1024 * 1024;
    const { url, log, provider } = await scene();
    const request = open(url);
    request.on('response', (response) => response.pause());
    request.end();
    const { response } = await provider;
    response.end(Buffer.alloc(size, 1));
    await pause(200);
    expect(log.values).toEqual([]);
    request.destroy();
    const [event] = await log.take(1);
    expect(event).toMatchObject({ client_gone: true, complete: true, response_bytes: size, payload: 'truncated' });
  });

  it('the drain ends after drainTimeoutMs', async () => {
    const { url, log, provider } = await scene({ drainTimeoutMs: 100 });
    const request = open(url);
    request.on('response', () => request.destroy());
    request.end();
    const { response, closed } = await provider;
    response.write('data: a\n\n');
    const [event] = await log.take(1);
    await closed;
    expect(event).toMatchObject({
      client_gone: true,
      complete: false,
      outcome: 'cancelled',
      error_code: 'UPSTREAM_DRAIN_LIMIT',
      response_bytes: 9,
    });
  });

  it('the drain ends after drainBytes', async () => {
    const { url, log, provider } = await scene({ drainBytes: 200_000 });
    const request = open(url);
    request.on('response', () => request.destroy());
    request.end();
    const { response, closed } = await provider;
    const write = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(50_000), () => setTimeout(write, 5));
    };
    write();
    const [event] = await log.take(1);
    await closed;
    expect(event).toMatchObject({ error_code: 'UPSTREAM_DRAIN_LIMIT', complete: false });
    expect(event?.response_bytes).toBeGreaterThan(200_000);
    expect(event?.response_bytes).toBeLessThan(1_000_000);
  });

  it('in the middle of its upload: the provider is cut off at once', async () => {
    const { url, log, provider } = await scene();
    const request = open(url, { method: 'POST', headers: { 'content-length': 1000 } });
    request.write('half');
    const { closed } = await provider;
    request.destroy();
    await closed;
    const [event] = await log.take(1);
    expect(event).toMatchObject({
      client_gone: true,
      complete: false,
      outcome: 'cancelled',
      status: 0,
      request_bytes: 4,
    });
  });

  it('before it has sent any of its body: no attempt, no row', async () => {
    const { url, log, telemetry } = await scene();
    const request = open(url, { method: 'POST', headers: { 'content-length': 1000 } });
    request.flushHeaders();
    await pause(50);
    request.destroy();
    await pause(50);
    expect(log.values).toEqual([]);
    expect(telemetry.counts.get('weir_ingress_refusals_total{"code":"CLIENT_LEFT"}')).toBe(1);
  });

  it('counts as gone when it does not read for clientStallTimeoutMs', async () => {
    const { url, log, provider } = await scene({ clientStallTimeoutMs: 150 });
    const request = open(url);
    request.on('response', (response) => response.pause());
    request.end();
    const { response } = await provider;
    response.end(Buffer.alloc(12 * 1024 * 1024));
    const [event] = await log.take(1);
    expect(event).toMatchObject({ client_gone: true, complete: true, outcome: 'cancelled' });
    request.destroy();
  });
});
