import net from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, type Peer, readBody, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

/** What the provider of this test does for a path: sends these chunks, each in a write of its own. */
const scripts = new Map<
  string,
  { readonly chunks: readonly Buffer[]; readonly type: string; readonly length: boolean }
>();
const seen = new Map<string, Buffer>();
let upstream: Peer;
let ingress: TestIngress;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    const path = request.url ?? '';
    const script = scripts.get(path);
    void readBody(request).then(async (body) => {
      seen.set(path, body);
      const chunks = script?.chunks ?? [];
      const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      response.setHeader('content-type', script?.type ?? 'text/plain');
      if (script?.length === true) response.setHeader('content-length', total);
      for (const chunk of chunks) {
        response.write(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
  });
  ingress = await startTestIngress(upstream.url, { captureHeadBytes: 300, captureTailBytes: 100 });
});
afterAll(async () => {
  await ingress.ingress.stop();
  await upstream.stop();
});

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 8 });
let count = 0;

it('I2 any bytes in any chunks pass both ways unchanged, and the event has their size, head and tail', async () => {
  await fc.assert(
    fc.asyncProperty(
      chunks,
      chunks,
      fc.constantFrom('text/event-stream', 'application/x-ndjson', 'application/json', 'audio/mpeg'),
      fc.boolean(),
      async (requestArrays, responseArrays, type, length) => {
        count += 1;
        const path = `/p${count}`;
        const request = requestArrays.map((array) => Buffer.from(array));
        const response = responseArrays.map((array) => Buffer.from(array));
        scripts.set(path, { chunks: response, type, length });
        const answer = await post(path, request, length);
        const sent = Buffer.concat(response);
        expect(answer.equals(sent)).toBe(true);
        expect(seen.get(path)?.equals(Buffer.concat(request))).toBe(true);
        const event = ingress.log.events().at(-1);
        expect(event).toMatchObject({
          path,
          request_bytes: Buffer.concat(request).length,
          response_bytes: sent.length,
        });
        const whole = sent.length <= 400;
        expect(event?.response_head.equals(whole ? sent : sent.subarray(0, 300))).toBe(true);
        expect(event?.response_tail.equals(whole ? Buffer.alloc(0) : sent.subarray(-100))).toBe(true);
        ingress.log.values.length = 0;
      },
    ),
    { numRuns: 60 },
  );
});

/** Sends the chunks as TCP writes of their own, chunked or with a length, and returns the answer's body. */
async function post(path: string, parts: readonly Buffer[], withLength: boolean): Promise<Buffer> {
  if (withLength) {
    return (await call(`${ingress.url}/custom-up${path}`, { method: 'POST', body: Buffer.concat(parts) })).body;
  }
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(ingress.url).port), '127.0.0.1', () => {
      socket.write(`POST /custom-up${path} HTTP/1.0\r\ncontent-length: ${Buffer.concat(parts).length}\r\n\r\n`);
      for (const part of parts) socket.write(part);
    });
    const got: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const all = Buffer.concat(got);
      resolve(all.subarray(all.indexOf('\r\n\r\n') + 4));
    });
  });
}
