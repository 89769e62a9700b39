import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { call, readBody, startRawUpstream, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Settings = Parameters<typeof startTestIngress>[1];
type Turn = (response: ServerResponse, request: IncomingMessage) => void;

interface Scene extends TestIngress {
  readonly bodies: Buffer[];
  readonly arrivals: number[];
}

/** A provider that takes its turns one after the other, the last one for good. */
async function scene(turns: readonly Turn[], settings: Settings = {}): Promise<Scene> {
  const bodies: Buffer[] = [];
  const arrivals: number[] = [];
  const upstream = await startUpstream((request, response) => {
    const turn = turns[Math.min(arrivals.length, turns.length - 1)];
    arrivals.push(performance.now());
    void readBody(request).then((body) => {
      bodies.push(body);
      turn?.(response, request);
    });
  });
  const ingress = await startTestIngress(upstream.url, settings);
  stops.push(upstream.stop, () => ingress.ingress.stop());
  return { ...ingress, bodies, arrivals };
}

const status =
  (code: number, headers: Record<string, string> = {}, body = `status ${code}`): Turn =>
  (response) =>
    response.writeHead(code, { 'content-type': 'text/plain', ...headers }).end(body);

const ask = (attempts: number, more: Record<string, string> = {}): Record<string, string> => ({
  'cf-aig-max-attempts': String(attempts),
  'cf-aig-retry-delay': '1',
  ...more,
});
const post = ({ url }: TestIngress, headers: Record<string, string>, body: string | Buffer = '{"a":1}') =>
  call(`${url}/custom-up/chat`, { method: 'POST', headers, body });
const until = async (come: () => boolean): Promise<void> => {
  for (let turn = 0; !come(); turn += 1) {
    if (turn > 1000) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('I3 each attempt is a row of its own', () => {
  it('the answer that came is passed on, with the ids of its attempt', async () => {
    const it = await scene([status(503), status(429), status(200, {}, 'whole')]);
    const answer = await post(it, ask(3));
    expect([answer.status, answer.body.toString(), answer.whole]).toEqual([200, 'whole', true]);
    const events = await it.log.take(3);
    expect(events).toMatchObject([
      { status: 503, attempt: 1, step: 0, outcome: 'provider_error', complete: true },
      { status: 429, attempt: 2, step: 0, outcome: 'rate_limited', complete: true },
      { status: 200, attempt: 3, step: 0, outcome: 'ok', complete: true },
    ]);
    expect(events.map(({ response_head }) => response_head.toString())).toEqual(['status 503', 'status 429', 'whole']);
    const [first, , third] = events;
    expect(new Set(events.map(({ request_id }) => request_id)).size).toBe(3);
    expect(events.map(({ parent_id }) => parent_id)).toEqual([1, 2, 3].map(() => first?.request_id));
    expect(events.every(({ event_id }) => event_id === first?.request_id)).toBe(true);
    expect(events.map(({ request_sha256 }) => request_sha256)).toEqual([1, 2, 3].map(() => first?.request_sha256));
    expect(answer.headers['cf-aig-request-id']).toBe(first?.request_id);
    expect(answer.headers['cf-aig-log-id']).toBe(third?.request_id);
    expect(it.bodies.map(String)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
  });

  it.each([408, 409, 429, 500, 502, 503, 504, 529])('after %i', async (code) => {
    const it = await scene([status(code), status(200)]);
    expect((await post(it, ask(2))).status).toBe(200);
    expect(await it.log.take(2)).toHaveLength(2);
  });

  it.each([400, 401, 403, 404, 413, 422])('not after %i', async (code) => {
    const it = await scene([status(code), status(200)]);
    expect((await post(it, ask(5))).status).toBe(code);
    expect(it.log.events()).toHaveLength(1);
    expect(it.arrivals).toHaveLength(1);
  });

  it('after a provider that closes, resets or talks nonsense', async () => {
    let turn = 0;
    const upstream = await startRawUpstream((socket) => {
      turn += 1;
      if (turn === 1) socket.end();
      else if (turn === 2) socket.resetAndDestroy();
      else if (turn === 3) socket.end('SSH-2.0\r\n');
      else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok');
    });
    const started = await startTestIngress(upstream.url);
    stops.push(upstream.stop, () => started.ingress.stop());
    const answer = await post(started, ask(5));
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ok']);
    expect((await started.log.take(4)).map(({ error_code, status: code }) => [error_code, code])).toEqual([
      ['UPSTREAM_RESET', 0],
      ['UPSTREAM_RESET', 0],
      ['UPSTREAM_BAD_RESPONSE', 0],
      ['', 200],
    ]);
  });

  it('a time-out is retried, and the last attempt waits for its answer', async () => {
    const slow: Turn = (response) => setTimeout(() => response.end('late'), 400);
    const it = await scene([() => undefined, slow]);
    const answer = await post(it, ask(2, { 'cf-aig-request-timeout': '100' }));
    expect([answer.status, answer.body.toString()]).toEqual([200, 'late']);
    expect(await it.log.take(2)).toMatchObject([
      { status: 0, outcome: 'timeout', error_code: 'UPSTREAM_FIRST_BYTE_TIMEOUT' },
      { status: 200, outcome: 'ok' },
    ]);
  });
});

describe('when every attempt fails', () => {
  it('the client gets the last answer, status and bytes', async () => {
    const it = await scene([status(500), status(503, { 'retry-after': '0', 'x-own': 'y' }, 'busy')]);
    const answer = await post(it, ask(3));
    expect([answer.status, answer.body.toString(), answer.headers['x-own']]).toEqual([503, 'busy', 'y']);
    const events = await it.log.take(3);
    expect(answer.headers['cf-aig-log-id']).toBe(events[2]?.request_id);
  });

  it('an answer that came before counts more than a failure after it', async () => {
    const it = await scene([status(503, {}, 'busy'), (response) => response.destroy()]);
    const answer = await post(it, ask(2));
    expect([answer.status, answer.body.toString(), answer.whole]).toEqual([503, 'busy', true]);
    const events = await it.log.take(2);
    expect(events[1]).toMatchObject({ status: 0, error_code: 'UPSTREAM_RESET' });
    expect(answer.headers['cf-aig-log-id']).toBe(events[0]?.request_id);
  });

  it('Weir answers for itself when there was none', async () => {
    const it = await scene([(response) => response.destroy()]);
    const answer = await post(it, ask(2));
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ weirCode: 'UPSTREAM_RESET', internalCode: 2005 });
    expect(await it.log.take(2)).toHaveLength(2);
  });

  it('a held answer that breaks off is not given as if it were whole', async () => {
    const broken: Turn = (response) => {
      response.writeHead(500, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    };
    const it = await scene([broken, (response) => response.destroy()]);
    const answer = await post(it, ask(2));
    expect([answer.status, JSON.parse(answer.body.toString()).internalCode]).toEqual([502, 2005]);
    expect(await it.log.take(2)).toMatchObject([{ status: 500, complete: false }, { status: 0 }]);
  });
});

describe('no attempt after bytes have gone out', () => {
  it('an answer of 200 that breaks off is cut for the client too', async () => {
    const broken: Turn = (response) => {
      response.writeHead(200).write('first bytes');
      setTimeout(() => response.destroy(), 20);
    };
    const it = await scene([broken, status(200)]);
    const answer = await post(it, ask(5));
    expect([answer.status, answer.body.toString(), answer.whole]).toEqual([200, 'first bytes', false]);
    expect(it.arrivals).toHaveLength(1);
  });

  it('I7 an answer too large to hold is passed on whole, and nothing follows', async () => {
    const large = 'x'.repeat(3 * 1024 * 1024);
    const it = await scene([status(500, {}, large), status(200)]);
    const answer = await post(it, ask(5));
    expect([answer.status, answer.body.length, answer.whole]).toEqual([500, large.length, true]);
    expect(it.arrivals).toHaveLength(1);
    expect(it.log.events()).toMatchObject([{ status: 500, complete: true, response_bytes: large.length }]);
  });

  it('I7 a request body too large to keep is sent once, as it comes, and the answer says so', async () => {
    const it = await scene([status(503), status(200)], { keptBodyBytesMax: 100_000 });
    const body = Buffer.alloc(300_000, 'b');
    const answer = await post(it, ask(3), body);
    expect(answer.status).toBe(503);
    expect(answer.headers['cf-aig-retry-warning']).toBe('no retries: the request body is larger than 100000 bytes');
    expect(it.bodies[0]?.equals(body)).toBe(true);
    expect(it.arrivals).toHaveLength(1);
    const chunked = { ...ask(3), 'transfer-encoding': 'chunked' };
    expect((await post(it, chunked, body)).headers['cf-aig-retry-warning']).toContain('no retries');
    expect(it.bodies[1]?.equals(body)).toBe(true);
  });

  it('a body in many pieces within the limit is sent again, byte for byte', async () => {
    const it = await scene([status(503), status(200)]);
    const body = Buffer.from(Array.from({ length: 400_000 }, (_, index) => index % 251));
    const chunked = { ...ask(2), 'transfer-encoding': 'chunked' };
    expect((await post(it, chunked, body)).status).toBe(200);
    expect(it.bodies.map((seen) => seen.equals(body))).toEqual([true, true]);
    const events = await it.log.take(2);
    expect(events.map(({ request_bytes }) => request_bytes)).toEqual([body.length, body.length]);
  });
});

describe('the wait', () => {
  it('Retry-After of the provider is respected', async () => {
    const it = await scene([status(429, { 'retry-after': '0.3' }), status(200)]);
    expect((await post(it, ask(2))).status).toBe(200);
    const [first = 0, second = 0] = it.arrivals;
    expect(second - first).toBeGreaterThanOrEqual(290);
  });

  it('one that asks for too long is not asked again; the client is told', async () => {
    const it = await scene([status(429, { 'retry-after': '3600' }), status(200)]);
    const answer = await post(it, ask(5));
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '3600']);
    expect(it.arrivals).toHaveLength(1);
  });

  it('a client that leaves during it ends the call', async () => {
    const it = await scene([status(503), status(200)]);
    const request = http.request(`${it.url}/custom-up/a`, {
      agent: false,
      headers: { 'cf-aig-max-attempts': '2', 'cf-aig-retry-delay': '5000' },
    });
    request.on('error', () => undefined);
    request.end();
    await it.log.take(1);
    request.destroy();
    await it.ingress.stop();
    expect(it.arrivals).toHaveLength(1);
    expect(it.log.events()).toHaveLength(1);
  });

  it('a stop during it gives the answer there was', async () => {
    const it = await scene([status(503, {}, 'busy')], { shutdownGraceMs: 50 });
    const waiting = post(it, ask(2, { 'cf-aig-retry-delay': '5000' }));
    await it.log.take(1);
    await it.ingress.stop();
    const answer = await waiting;
    expect([answer.status, answer.body.toString()]).toEqual([503, 'busy']);
  });

  it('a client that leaves while an answer is held is drained, and nothing follows', async () => {
    let finish = (): void => undefined;
    const it = await scene([
      (response) => {
        response.writeHead(500).write('held');
        finish = () => void response.end(' back');
      },
      status(200),
    ]);
    const request = http.request(`${it.url}/custom-up/a`, { agent: false, headers: ask(3) });
    request.on('error', () => undefined);
    request.end();
    await until(() => it.arrivals.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    request.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    finish();
    const [event] = await it.log.take(1);
    expect(event).toMatchObject({ status: 500, complete: true, client_gone: true, outcome: 'cancelled' });
    expect(event?.response_head.toString()).toBe('held back');
    expect(it.arrivals).toHaveLength(1);
  });
});

describe('I3 a log that takes nothing', () => {
  it('holds the next attempt back until the row is durable', async () => {
    const it = await scene([status(503), status(200)]);
    it.log.recordBytesMax = -1;
    const answer = post(it, ask(2));
    await until(() => it.telemetry.lines.some((line) => line.includes('INGRESS_LOG_FULL')));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(it.arrivals).toHaveLength(1);
    it.log.recordBytesMax = Number.POSITIVE_INFINITY;
    expect((await answer).status).toBe(200);
    expect(await it.log.take(2)).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  });
});
