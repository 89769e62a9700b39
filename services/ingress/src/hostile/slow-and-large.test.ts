import http from 'node:http';
import net, { type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HostileScene, type SceneSettings, startHostileScene, startRawScene } from '../testing/hostile-scene.ts';
import { startUpstream } from '../testing/http-peers.ts';
import { startTestIngress } from '../testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function scene(settings: SceneSettings = {}): Promise<HostileScene> {
  const started = await startHostileScene(settings);
  stops.push(started.stop);
  return started;
}

interface Dribble {
  readonly socket: Socket;
  readonly closed: Promise<string>;
}

/** A connection that sends its bytes one at a time, for as long as it may. */
function dribble(port: number, bytes: string): Dribble {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) socket.write(bytes.charAt(at));
    at += 1;
  }, 100);
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => {
      clearInterval(timer);
      resolve(text);
    });
  });
  return { socket, closed };
}

describe.concurrent('I7 clients that take their time', () => {
  it('a head that comes byte by byte, or not at all, is cut off after clientHeadersTimeoutMs', async () => {
    const started = await startHostileScene({ clientHeadersTimeoutMs: 300, clientRequestTimeoutMs: 60_000 });
    try {
      const slow = `GET /custom-up/a HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(100)}`;
      const many = Array.from({ length: 200 }, (_, index) => dribble(started.port, index % 2 === 0 ? slow : ''));
      for (const { closed } of many) expect(await closed).toMatch(/^(HTTP\/1\.1 408 .*)?/);
      expect(started.arrived).toEqual([]);
      expect(started.log.values).toEqual([]);
      await started.expectClean();
    } finally {
      await started.stop();
    }
  });

  it('a body that comes byte by byte is cut off after clientRequestTimeoutMs, upstream too', async () => {
    const started = await startHostileScene({ clientHeadersTimeoutMs: 2_000, clientRequestTimeoutMs: 2_000 });
    try {
      const slow = `POST /custom-up/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'a'.repeat(1000)}`;
      const { closed, socket } = dribble(started.port, '');
      socket.write(slow.slice(0, -990));
      await closed;
      const [event] = await started.log.take(1);
      expect(event).toMatchObject({ outcome: 'cancelled', complete: false, status: 0 });
      await started.expectClean();
    } finally {
      await started.stop();
    }
  });
});

describe('I7 bodies of 1 GB', () => {
  const GIB = 1024 * 1024 * 1024;
  const PIECE = Buffer.alloc(256 * 1024, 'a');
  const GROWTH_MAX = 300 * 1024 * 1024;

  /** Sends pieces without end, no faster than they are taken; gives the status and the most memory seen. */
  function upload(url: string, bytes: number): Promise<{ status: number; growth: number }> {
    const before = process.memoryUsage().rss;
    let growth = 0;
    let sent = 0;
    return new Promise((resolve, reject) => {
      const request = http.request(url, { method: 'POST', agent: false }, (response) => {
        response.resume();
        response.on('close', () => resolve({ status: response.statusCode ?? 0, growth }));
      });
      request.on('error', reject);
      const write = (): void => {
        for (;;) {
          if (sent >= bytes) {
            request.end();
            return;
          }
          sent += PIECE.length;
          if (sent % (16 * 1024 * 1024) === 0) growth = Math.max(growth, process.memoryUsage().rss - before);
          if (!request.write(PIECE)) break;
        }
        request.once('drain', write);
      };
      write();
    });
  }

  it('passes in bounded memory where the limit allows it', async () => {
    let arrived = 0;
    const upstream = await startUpstream((request, response) => {
      request.on('data', (chunk: Buffer) => {
        arrived += chunk.length;
      });
      request.on('end', () => response.end('ok'));
    });
    const { ingress, url, log, telemetry } = await startTestIngress(upstream.url, { requestBodyBytesMax: 2 * GIB });
    stops.push(() => ingress.stop(), upstream.stop);
    const { status, growth } = await upload(`${url}/custom-up/a`, GIB);
    expect([status, arrived]).toEqual([200, GIB]);
    expect(growth).toBeLessThan(GROWTH_MAX);
    expect((await log.take(1))[0]).toMatchObject({ request_bytes: GIB, payload: 'truncated', complete: true });
    await expect.poll(() => telemetry.gaugeValue('weir_ingress_capture_bytes')).toBe(0);
  });

  it('an answer of 1 GB for a client that does not read is not read either', async () => {
    let written = 0;
    const provider = await startRawScene(
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${GIB}\r\n\r\n`);
        const write = (): void => {
          while (!socket.destroyed && written < GIB) {
            written += PIECE.length;
            if (!socket.write(PIECE)) break;
          }
          socket.once('drain', write);
        };
        write();
      },
      { clientStallTimeoutMs: 500, drainBytes: 1024 * 1024 },
    );
    stops.push(provider.stop);
    const before = process.memoryUsage().rss;
    const socket = net.connect(provider.port, '127.0.0.1', () => {
      socket.write('GET /custom-up/a HTTP/1.1\r\nHost: x\r\n\r\n');
      socket.pause();
    });
    socket.on('error', () => undefined);
    const [event] = await provider.log.take(1);
    expect(event).toMatchObject({ client_gone: true, complete: false, error_code: 'UPSTREAM_DRAIN_LIMIT' });
    expect(written).toBeLessThan(GIB / 4);
    expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_MAX);
    socket.destroy();
    await provider.expectClean();
  });

  it('a provider that answers and closes before it has read the request: the client gets that answer', async () => {
    const provider = await startRawScene((socket) => {
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
      setTimeout(() => socket.destroy(), 20);
    });
    stops.push(provider.stop);
    const head = 'POST /custom-up/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 50000000\r\n\r\n';
    const { statuses } = await provider.raw(Buffer.concat([Buffer.from(head), Buffer.alloc(50_000_000)]));
    expect(statuses).toEqual([413]);
    expect((await provider.log.take(1))[0]).toMatchObject({ status: 413, complete: true });
    await provider.expectClean();
  });

  it('the universal endpoint, JSON that goes deep, and JSON that is no text', async () => {
    const it = await scene();
    const post = (body: Buffer): Promise<{ statuses: readonly number[] }> =>
      it.raw(
        Buffer.concat([
          Buffer.from('POST /v1/a/default HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'),
          Buffer.from(`Content-Length: ${body.length}\r\n\r\n`),
          body,
        ]),
      );
    const step = (query: string): Buffer =>
      Buffer.from(`{"provider":"custom-up","endpoint":"a","query":${query}}`, 'latin1');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect((await post(Buffer.from('['.repeat(1_000_000)))).statuses).toEqual([400]);
    expect((await post(step('{"__proto__":{"a":1}}'))).statuses).toEqual([200]);
    expect((await post(step('"\xff\xfe"'))).statuses).toEqual([200]);
    expect((await post(Buffer.from('[{"provider":"__proto__","query":{}}]'))).statuses).toEqual([400]);
    expect((await post(Buffer.from(`[${'{},'.repeat(100_000)}{}]`))).statuses).toEqual([400]);
    const [status = 0] = (await post(step(deep))).statuses;
    expect([200, 400]).toContain(status);
    expect(it.arrived.slice(0, 2).map(({ body }) => body.toString('latin1'))).toEqual([
      '{"__proto__":{"a":1}}',
      '"\xff\xfe"',
    ]);
    await it.expectClean();
  });
});
