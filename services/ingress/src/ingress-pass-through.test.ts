import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { call, type Peer, readBody, startRawUpstream, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function ingressOf(upstream: Peer, settings: Parameters<typeof startTestIngress>[1] = {}): Promise<TestIngress> {
  const started = await startTestIngress(upstream.url, settings);
  stops.push(upstream.stop, () => started.ingress.stop());
  return started;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('I2 requests', () => {
  it.each([
    ['application/json', Buffer.from('{"model":"gpt-4o","unknown":{"é":[1,2.50]}}')],
    [
      'multipart/form-data; boundary=x',
      Buffer.from('--x\r\ncontent-disposition: form-data; name="f"\r\n\r\na\r\n--x--'),
    ],
    ['application/octet-stream', randomBytes(300_000)],
    ['text/plain', Buffer.from('a')],
  ])('%s arrives byte for byte, and in the event', async (contentType, body) => {
    const seen: Buffer[] = [];
    const upstream = await startUpstream((request, response) => {
      void readBody(request).then((bytes) => {
        seen.push(bytes);
        response.end('ok');
      });
    });
    const { url, log } = await ingressOf(upstream);
    const headers = { 'content-type': contentType };
    await call(`${url}/custom-up/a`, { method: 'POST', headers, body });
    expect(seen[0]?.equals(body)).toBe(true);
    const [event] = log.events();
    expect(event?.request_head.equals(body)).toBe(true);
    expect(event).toMatchObject({ request_bytes: body.length, request_sha256: sha256(body), payload: 'full' });
    expect(event?.request_content_type).toBe(contentType);
  });

  it('keeps path, query and percent-encoding, in both URL forms', async () => {
    const seen: string[] = [];
    const upstream = await startUpstream((request, response) => {
      seen.push(request.url ?? '');
      response.end();
    });
    const { url, log } = await ingressOf(upstream, { gateways: { team: { collectPayloads: true } } });
    const rest = '/model/arn%3Aaws%3Ax/invoke//two?alt=sse&a=%20&b=1+2';
    await call(`${url}/custom-up${rest}`);
    await call(`${url}/v1/acc/team/custom-up${rest}`);
    expect(seen).toEqual([rest, rest]);
    expect(log.events().map(({ account, gateway }) => [account, gateway])).toEqual([
      ['default', 'default'],
      ['acc', 'team'],
    ]);
  });

  it('strips what ends at Weir and keeps the rest in order', async () => {
    let raw: readonly string[] = [];
    const upstream = await startUpstream((request, response) => {
      raw = request.rawHeaders;
      response.end();
    });
    const { url } = await ingressOf(upstream);
    await call(`${url}/custom-up/a`, {
      headers: {
        Authorization: 'Bearer key',
        'Accept-Encoding': 'br',
        'X-Stainless-Lang': 'js',
        'cf-aig-authorization': 'Bearer gateway',
        'CF-Access-Client-Secret': 's',
        'cf-aig-metadata': '{}',
        'cf-connecting-ip': '1.2.3.4',
        'x-forwarded-for': '1.2.3.4',
        'x-real-ip': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        te: 'trailers',
        'proxy-authorization': 'Basic x',
        connection: 'close, X-Hop',
        'x-hop': '1',
        cookie: 'a=1; CF_Authorization=jwt; b=2',
      },
    });
    const pairs = raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]]] : []));
    expect(pairs).toEqual([
      ['host', expect.stringMatching(/^127\.0\.0\.1:/)],
      ['connection', 'keep-alive'],
      ['Authorization', 'Bearer key'],
      ['Accept-Encoding', 'br'],
      ['X-Stainless-Lang', 'js'],
      ['cookie', 'a=1; b=2'],
    ]);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'QUERY'])(
    'passes %s',
    async (method) => {
      const upstream = await startUpstream((request, response) => {
        response.setHeader('x-method', request.method ?? '');
        response.end('body');
      });
      const { url, log } = await ingressOf(upstream);
      const answer = await call(`${url}/custom-up/a`, { method });
      expect(answer.headers['x-method']).toBe(method);
      expect(answer.body.toString()).toBe(method === 'HEAD' ? '' : 'body');
      expect(log.events()[0]?.method).toBe(method);
    },
  );

  it('passes a chunked upload as it comes', async () => {
    const upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'x-transfer': String(request.headers['transfer-encoding']) });
      request.pipe(response);
    });
    const { url, log } = await ingressOf(upstream);
    const got: string[] = [];
    await new Promise<void>((resolve) => {
      const request = http.request(`${url}/custom-up/a`, { method: 'POST', agent: false }, (response) => {
        expect(response.headers['x-transfer']).toBe('chunked');
        response.on('data', (chunk: Buffer) => {
          got.push(chunk.toString());
          // The second half is sent only after the first has come back: nothing waits for the whole.
          if (got.join('') === 'one') request.end('two');
        });
        response.on('end', resolve);
      });
      request.write('one');
    });
    expect(got.join('')).toBe('onetwo');
    expect(log.events()[0]?.request_head.toString()).toBe('onetwo');
  });

  it('reads a large upload no faster than the provider takes it', async () => {
    const size = 96 * 1024 * 1024;
    let start: () => void = () => undefined;
    const upstream = await startUpstream((request, response) => {
      request.pause();
      start = () => {
        let bytes = 0;
        request.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        request.on('end', () => response.end(String(bytes)));
        request.resume();
      };
    });
    const { url, log } = await ingressOf(upstream);
    const block = Buffer.alloc(64 * 1024, 7);
    let sent = 0;
    const answer = new Promise<string>((resolve) => {
      const headers = { 'content-length': size };
      const request = http.request(`${url}/custom-up/a`, { method: 'POST', headers, agent: false }, (response) => {
        response.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      });
      const fill = (): void => {
        while (sent < size) {
          sent += block.length;
          if (!request.write(block)) return void request.once('drain', fill);
        }
        request.end();
      };
      fill();
    });
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 400));
    const stalledAt = sent;
    expect(stalledAt).toBeLessThan(32 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 1024 * 1024);
    start();
    expect(await answer).toBe(String(size));
    expect(log.events()[0]).toMatchObject({ request_bytes: size, payload: 'truncated' });
    expect(log.events()[0]?.request_head.length).toBe(1024 * 1024);
    expect(log.events()[0]?.request_tail.length).toBe(256 * 1024);
  });

  it('answers 100-continue itself', async () => {
    const upstream = await startUpstream((request, response) => void readBody(request).then((b) => response.end(b)));
    const { url } = await ingressOf(upstream);
    const body = await new Promise<string>((resolve) => {
      const headers = { expect: '100-continue', 'content-length': 5 };
      const request = http.request(`${url}/custom-up/a`, { method: 'POST', headers, agent: false }, (response) => {
        response.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      });
      request.on('continue', () => request.end('hello'));
      request.flushHeaders();
    });
    expect(body).toBe('hello');
  });
});

describe('I2 answers', () => {
  it('keeps status, reason, repeated headers, order, spelling and trailers; adds its ids', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write(
        'HTTP/1.1 418 Short And Stout\r\nSet-Cookie: a=1\r\nX-Request-ID: req_1\r\nset-cookie: b=2\r\n' +
          'Date: Tue, 24 Nov 2026 00:00:00 GMT\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nConnection: X-Hop\r\n' +
          'cf-aig-log-id: other\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 9\r\n\r\n',
      );
    });
    const { url, log } = await ingressOf(upstream);
    const answer = await call(`${url}/custom-up/a`, { headers: { 'cf-aig-event-id': 'mine' } });
    const id = answer.headers['cf-aig-log-id'];
    expect(answer.status).toBe(418);
    expect(answer.statusText).toBe('Short And Stout');
    expect(answer.rawHeaders.slice(0, 16)).toEqual([
      ...['Set-Cookie', 'a=1', 'X-Request-ID', 'req_1', 'set-cookie', 'b=2'],
      ...['Date', 'Tue, 24 Nov 2026 00:00:00 GMT'],
      ...['cf-aig-log-id', id, 'cf-aig-request-id', id, 'cf-aig-event-id', 'mine', 'cf-aig-step', '0'],
    ]);
    expect(answer.headers['x-hop']).toBeUndefined();
    expect(answer.body.toString()).toBe('abc');
    expect(answer.trailers).toEqual({ 'x-sum': '9' });
    expect(log.events()[0]).toMatchObject({
      request_id: id,
      event_id: 'mine',
      status: 418,
      outcome: 'client_error',
      response_headers: { 'x-request-id': 'req_1' },
    });
  });

  it.each([
    [200, 'ok'],
    [204, 'ok'],
    [304, 'ok'],
    [404, 'client_error'],
    [429, 'rate_limited'],
    [500, 'provider_error'],
    [529, 'provider_error'],
  ])('passes %i as %s', async (status, outcome) => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(status, { 'retry-after': '3' });
      response.end(status === 204 || status === 304 ? undefined : '{"error":"verbatim"}');
    });
    const { url, log } = await ingressOf(upstream);
    const answer = await call(`${url}/custom-up/a`);
    expect(answer.status).toBe(status);
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.body.toString()).toBe(status === 204 || status === 304 ? '' : '{"error":"verbatim"}');
    expect(log.events()[0]).toMatchObject({ status, outcome, complete: true, error_code: '' });
  });

  it('keeps content-length where there is one and chunks where there is none', async () => {
    const upstream = await startUpstream((request, response) => {
      if (request.url === '/length') response.setHeader('content-length', '3');
      response.write('a');
      setImmediate(() => response.end('bc'));
    });
    const { url } = await ingressOf(upstream);
    const known = await call(`${url}/custom-up/length`);
    const chunked = await call(`${url}/custom-up/chunked`);
    const head = await call(`${url}/custom-up/length`, { method: 'HEAD' });
    expect([known.headers['content-length'], known.headers['transfer-encoding']]).toEqual(['3', undefined]);
    expect([chunked.headers['content-length'], chunked.headers['transfer-encoding']]).toEqual([undefined, 'chunked']);
    expect([known.body.toString(), chunked.body.toString()]).toEqual(['abc', 'abc']);
    expect(head.headers['content-length']).toBe('3');
  });

  it('passes an answer that ends with its connection, also to an HTTP/1.0 client', async () => {
    const upstream = await startRawUpstream((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
    const { url } = await ingressOf(upstream);
    expect((await call(`${url}/custom-up/a`)).body.toString()).toBe('until the end');
    const old = await new Promise<string>((resolve) => {
      let text = '';
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () =>
        socket.write('GET /custom-up/a HTTP/1.0\r\n\r\n'),
      );
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(old.endsWith('\r\n\r\nuntil the end')).toBe(true);
  });

  it('never decompresses', async () => {
    const packed = gzipSync('{"usage":{"prompt_tokens":1}}');
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
      response.end(packed);
    });
    const { url, log } = await ingressOf(upstream);
    const answer = await call(`${url}/custom-up/a`, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.body.equals(packed)).toBe(true);
    expect(answer.headers['content-encoding']).toBe('gzip');
    const [event] = log.events();
    expect(event?.response_encoding).toBe('gzip');
    expect(gunzipSync(event?.response_head ?? '').toString()).toContain('prompt_tokens');
  });

  it('passes 103 Early Hints', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      );
    });
    const { url } = await ingressOf(upstream);
    const informed: number[] = [];
    const answer = await call(`${url}/custom-up/a`, { onInformation: (status) => informed.push(status) });
    expect(informed).toEqual([103]);
    expect(answer.body.toString()).toBe('ok');
  });

  it('sends head and first chunk of a stream before the provider sends more', async () => {
    let more: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      begin = () => response.write('data: one\n\n');
      more = () => response.end('data: [DONE]\n\n');
    });
    const { url, log } = await ingressOf(upstream);
    const chunks: string[] = [];
    await new Promise<void>((resolve) => {
      http.get(`${url}/custom-up/a`, { agent: false }, (response) => {
        // The head is here although the provider has not sent a byte of the body.
        begin();
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk.toString());
          if (chunks.length === 1) more();
        });
        response.on('end', resolve);
      });
    });
    expect(chunks).toEqual(['data: one\n\n', 'data: [DONE]\n\n']);
    expect(log.events()[0]).toMatchObject({ stream: true, complete: true, response_content_type: 'text/event-stream' });
    expect(log.events()[0]?.ttfb_us).toBeGreaterThan(0);
  });

  it('lets a slow client slow the provider down', async () => {
    const size = 64 * 1024 * 1024;
    let written = 0;
    const upstream = await startUpstream((_request, response) => {
      const block = Buffer.alloc(64 * 1024, 1);
      const fill = (): void => {
        while (written < size) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', fill);
        }
        response.end();
      };
      fill();
    });
    const { url, log } = await ingressOf(upstream);
    const received = await new Promise<number>((resolve) => {
      http.get(`${url}/custom-up/a`, { agent: false }, (response) => {
        response.pause();
        setTimeout(() => {
          expect(written).toBeLessThan(32 * 1024 * 1024);
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
          response.on('end', () => resolve(bytes));
          response.resume();
        }, 300);
      });
    });
    expect(received).toBe(size);
    expect(log.events()[0]).toMatchObject({ response_bytes: size, complete: true, client_gone: false });
  });
});

/** Reads answers on a thread of its own, and tells when their last byte came, in `hrtime` nanoseconds. */
const CLIENT_THREAD = `
  const { workerData, parentPort } = require('node:worker_threads');
  const socket = require('node:net').connect(workerData.port, '127.0.0.1', () => socket.write('GET /custom-up/a HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
    if (text.endsWith(workerData.last)) parentPort.postMessage({ text, at: process.hrtime.bigint() });
  });
`;

describe('I3 the row comes first', () => {
  it.each([
    ['content-length', 'def'],
    ['chunked', '\r\n0\r\n\r\n'],
  ])('is in the log before the last byte of a %s answer leaves', async (form, last) => {
    const upstream = await startUpstream((_request, response) => {
      if (form === 'content-length') response.setHeader('content-length', '6');
      response.write('abc');
      setTimeout(() => response.end('def'), 100);
    });
    const { url, log } = await ingressOf(upstream);
    const appendSync = log.appendSync.bind(log);
    let appendedAt = 0n;
    log.appendSync = (topic, records) => {
      // A slow append: a last byte that had left before it would reach the other thread meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
      appendedAt = process.hrtime.bigint();
      return appendSync(topic, records);
    };
    const worker = new Worker(CLIENT_THREAD, { eval: true, workerData: { port: Number(new URL(url).port), last } });
    const [{ text, at }] = (await once(worker, 'message')) as [{ text: string; at: bigint }];
    await worker.terminate();
    expect(text).toContain('abc');
    expect(appendedAt).toBeGreaterThan(0n);
    expect(at).toBeGreaterThan(appendedAt);
  });

  it('passes an answer that comes before the end of the upload', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(413, { 'content-type': 'application/json' });
      response.end('{"error":"too long"}');
    });
    const { url, log } = await ingressOf(upstream);
    const request = http.request(`${url}/custom-up/a`, { method: 'POST', agent: false });
    request.on('error', () => undefined);
    request.write(Buffer.alloc(100_000));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect((await readBody(response)).toString()).toBe('{"error":"too long"}');
    request.destroy();
    expect(log.events()).toMatchObject([{ status: 413, complete: true, outcome: 'client_error' }]);
    expect((await call(`${url}/custom-up/b`)).status).toBe(413);
  });
});
