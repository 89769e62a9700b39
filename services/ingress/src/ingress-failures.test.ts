import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, call, type Peer, startRawUpstream, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function ingressAt(url: string, settings: Parameters<typeof startTestIngress>[1] = {}): Promise<TestIngress> {
  const started = await startTestIngress(url, settings);
  stops.push(() => started.ingress.stop());
  return started;
}
async function rawIngress(
  onRequest: Parameters<typeof startRawUpstream>[0],
  settings: Parameters<typeof startTestIngress>[1] = {},
): Promise<TestIngress> {
  const upstream: Peer = await startRawUpstream(onRequest);
  stops.push(upstream.stop);
  return ingressAt(upstream.url, settings);
}

async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function expectEnvelope(answer: Answer, status: number, number: number, weirCode: string): void {
  expect(answer.status).toBe(status);
  const body = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  const errors = [{ code: number, message: body['message'] }];
  expect(body).toMatchObject({
    success: false,
    result: [],
    messages: [],
    error: errors,
    errors,
    name: 'AiGatewayError',
    httpCode: status,
    internalCode: number,
    weirCode,
  });
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.headers['cf-aig-log-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers['cf-aig-step']).toBe('0');
}

async function failsWith(
  { url, log }: TestIngress,
  expected: { status: number; code: string; outcome?: string },
): Promise<void> {
  const answer = await call(`${url}/custom-up/a`, { method: 'POST', body: '{}' });
  expectEnvelope(answer, expected.status, 2005, expected.code);
  expect(answer.body.toString()).toContain('Failed to get response from provider');
  const [event, ...more] = log.events();
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    request_id: answer.headers['cf-aig-log-id'],
    status: 0,
    outcome: expected.outcome ?? 'provider_error',
    error_code: expected.code,
    complete: false,
    client_gone: false,
    response_bytes: 0,
    ttfb_us: 0,
  });
  expect(event?.error_message).not.toBe('');
}

describe('a provider that gives no answer', () => {
  it('refused', async () => {
    const ingress = await ingressAt(`http://127.0.0.1:${await closedPort()}`);
    await failsWith(ingress, { status: 502, code: 'UPSTREAM_REFUSED' });
  });

  it('unknown host', async () => {
    await failsWith(await ingressAt('http://nothing.invalid'), { status: 502, code: 'UPSTREAM_DNS' });
  });

  it('no TLS at the other end', async () => {
    const upstream = await startUpstream((_request, response) => response.end());
    stops.push(upstream.stop);
    const ingress = await ingressAt(`https://127.0.0.1:${upstream.port}`);
    await failsWith(ingress, { status: 502, code: 'UPSTREAM_TLS' });
  });

  it('connection not made in time', async () => {
    // It takes the TCP connection and never answers the TLS hello.
    const upstream = await startRawUpstream(() => undefined);
    stops.push(upstream.stop);
    const ingress = await ingressAt(`https://127.0.0.1:${upstream.port}`, { connectTimeoutMs: 150 });
    await failsWith(ingress, { status: 504, code: 'UPSTREAM_CONNECT_TIMEOUT', outcome: 'timeout' });
  });

  it('no first byte in time', async () => {
    const ingress = await rawIngress(() => undefined, { firstByteTimeoutMs: 150 });
    await failsWith(ingress, { status: 504, code: 'UPSTREAM_FIRST_BYTE_TIMEOUT', outcome: 'timeout' });
  });

  it('no first byte within cf-aig-request-timeout', async () => {
    const { url, log } = await rawIngress(() => undefined);
    const answer = await call(`${url}/custom-up/a`, { headers: { 'cf-aig-request-timeout': '150' } });
    expectEnvelope(answer, 504, 2005, 'UPSTREAM_FIRST_BYTE_TIMEOUT');
    expect(log.events()[0]?.outcome).toBe('timeout');
  });

  it('reset before the head', async () => {
    const ingress = await rawIngress((socket) => socket.resetAndDestroy());
    await failsWith(ingress, { status: 502, code: 'UPSTREAM_RESET' });
  });

  it('closed before the head', async () => {
    await failsWith(await rawIngress((socket) => socket.end()), { status: 502, code: 'UPSTREAM_RESET' });
  });

  it('more hosts than allowed', async () => {
    const upstream = await startUpstream((_request, response) => response.end());
    stops.push(upstream.stop);
    const { url, log } = await ingressAt(upstream.url, {
      upstreamHostsMax: 1,
      customProviders: { up: { baseUrl: upstream.url }, other: { baseUrl: 'http://127.0.0.1:9' } },
    });
    expect((await call(`${url}/custom-up/a`)).status).toBe(200);
    expectEnvelope(await call(`${url}/custom-other/a`), 502, 2005, 'UPSTREAM_HOSTS_LIMIT');
    expect(log.events().map((event) => event.error_code)).toEqual(['', 'UPSTREAM_HOSTS_LIMIT']);
  });

  it('not HTTP', async () => {
    const ingress = await rawIngress((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await failsWith(ingress, { status: 502, code: 'UPSTREAM_BAD_RESPONSE' });
  });
});

describe('a provider that stops in the middle of its answer', () => {
  const heads = {
    chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    length: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
    last: 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    garbled: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n',
  };

  it.each([
    ['chunked', 'closes', 'UPSTREAM_RESET', 'provider_error'],
    ['length', 'closes', 'UPSTREAM_RESET', 'provider_error'],
    ['last', 'closes', 'UPSTREAM_RESET', 'provider_error'],
    ['garbled', 'goes on', 'UPSTREAM_BAD_RESPONSE', 'provider_error'],
    ['chunked', 'resets', 'UPSTREAM_RESET', 'provider_error'],
    ['length', 'resets', 'UPSTREAM_RESET', 'provider_error'],
    ['chunked', 'pauses', 'UPSTREAM_IDLE_TIMEOUT', 'timeout'],
    ['length', 'pauses', 'UPSTREAM_IDLE_TIMEOUT', 'timeout'],
  ] as const)('%s, %s: %s', async (form, how, code, outcome) => {
    const { url, log } = await rawIngress(
      (socket) => {
        socket.write(heads[form]);
        if (how === 'closes') setTimeout(() => socket.end(), 30);
        if (how === 'resets') setTimeout(() => socket.resetAndDestroy(), 30);
      },
      { idleTimeoutMs: 150 },
    );
    const answer = await call(`${url}/custom-up/a`);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('abc');
    expect(answer.whole).toBe(false);
    expect(log.events()).toHaveLength(1);
    expect(log.events()[0]).toMatchObject({
      status: 200,
      outcome,
      error_code: code,
      complete: false,
      response_bytes: 3,
    });
    expect(log.events()[0]?.response_head.toString()).toBe('abc');
  });
});

describe('a request that Weir refuses leaves no row, but is counted', () => {
  it.each([
    ['/nothing/v1/x', 400, 2008, 'INGRESS_PROVIDER_UNKNOWN'],
    ['/custom-nothing/x', 400, 2008, 'INGRESS_PROVIDER_UNKNOWN'],
    ['/', 400, 2008, 'INGRESS_PROVIDER_UNKNOWN'],
    ['/v1/acc/nothing/openai/x', 400, 2001, 'INGRESS_GATEWAY_UNKNOWN'],
    ['/openai/../x', 400, 2008, 'INGRESS_PATH_INVALID'],
    ['/workers-ai/@cf/x%20y', 400, 2008, undefined],
    ['/v1/acc/default', 404, 2008, 'INGRESS_NOT_SUPPORTED'],
    ['/v1/acc/default/', 404, 2008, 'INGRESS_NOT_SUPPORTED'],
    ['/v1/acc/default/compat/chat/completions', 404, 2008, 'INGRESS_NOT_SUPPORTED'],
    ['/compat/chat/completions', 404, 2008, 'INGRESS_NOT_SUPPORTED'],
    ['/v1/acc/default/openai%zz/x', 400, 2008, 'INGRESS_PROVIDER_UNKNOWN'],
  ])('%s: %i %i', async (path, status, number, code) => {
    const { url, log, telemetry } = await ingressAt('http://127.0.0.1:9', { workersAiAccountId: 'not a host label' });
    // `path` is sent as it stands: a URL object would tidy it up.
    const answer = await new Promise<Answer>((resolve) => {
      const { port } = new URL(url);
      http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            statusText: '',
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            trailers: {},
            body: Buffer.concat(chunks),
            whole: true,
          }),
        );
      });
    });
    const weirCode = code ?? 'INGRESS_PATH_INVALID';
    expectEnvelope(answer, status, number, weirCode);
    expect(log.values).toEqual([]);
    expect(telemetry.counts.get(`weir_ingress_refusals_total${JSON.stringify({ code: weirCode })}`)).toBe(1);
  });

  it('WebSocket', async () => {
    const { url, log } = await ingressAt('http://127.0.0.1:9');
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const answer = await call(`${url}/custom-up/realtime`, { headers });
    expectEnvelope(answer, 404, 2008, 'INGRESS_NOT_SUPPORTED');
    expect(answer.body.toString()).toContain('WebSocket');
    expect(log.values).toEqual([]);
  });

  it('a body beyond the limit, announced or not', async () => {
    const upstream = await startUpstream((request, response) => {
      request.resume();
      request.on('end', () => response.end('took it'));
    });
    stops.push(upstream.stop);
    const { url, log } = await ingressAt(upstream.url, { requestBodyBytesMax: 100_000 });
    const body = Buffer.alloc(200_000);
    const announced = await call(`${url}/custom-up/a`, { method: 'POST', body });
    expectEnvelope(announced, 413, 2101, 'INGRESS_BODY_TOO_LARGE');
    expect(log.values).toEqual([]);
    const headers = { 'transfer-encoding': 'chunked' };
    const chunked = await call(`${url}/custom-up/a`, { method: 'POST', body, headers });
    expectEnvelope(chunked, 413, 2101, 'INGRESS_BODY_TOO_LARGE');
    // Its first bytes had gone upstream: that is an attempt.
    expect(log.events()).toMatchObject([{ outcome: 'client_error', error_code: 'INGRESS_BODY_TOO_LARGE', status: 0 }]);
  });

  it('more calls than allowed', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
    const upstream = await startUpstream((_request, response) => arrive(() => response.end('ok')));
    stops.push(upstream.stop);
    const { url, log } = await ingressAt(upstream.url, { callsInFlightMax: 1 });
    const first = call(`${url}/custom-up/a`);
    const answerFirst = await arrived;
    const second = await call(`${url}/custom-up/a`);
    expectEnvelope(second, 503, 2102, 'INGRESS_OVERLOADED');
    expect(second.headers['retry-after']).toBe('1');
    answerFirst();
    expect((await first).status).toBe(200);
    expect(log.values).toHaveLength(1);
  });
});
