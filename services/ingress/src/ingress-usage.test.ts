import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { call, readBody, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const DELTA = 'data: {"choices":[{"delta":{"content":"hé"}}],"usage":null}\n\n';
const FINISH = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}\n\n';
const DONE = 'data: [DONE]\n\n';
const SHOWN = `${DELTA}${FINISH}${DONE}`;
const WHOLE = `${DELTA}${FINISH}${USAGE}${DONE}`;

type Answer = (response: ServerResponse, request: IncomingMessage, body: string) => void;

/** As OpenAI: tells the usage when asked. */
const openai: Answer = (response, _request, body) => {
  const asked = JSON.parse(body).stream_options?.include_usage === true;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const event of asked ? [DELTA, FINISH, USAGE, DONE] : [DELTA, FINISH, DONE]) response.write(event);
  response.end();
};

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function scene(answer: Answer = openai): Promise<TestIngress & { seen: Seen[] }> {
  const seen: Seen[] = [];
  const upstream = await startUpstream((request, response) => {
    void readBody(request).then((bytes) => {
      seen.push({ headers: request.headers, body: bytes.toString() });
      answer(response, request, bytes.toString());
    });
  });
  const ingress = await startTestIngress(upstream.url, {
    providers: { openai: { baseUrl: `${upstream.url}/v1` }, mistral: { baseUrl: `${upstream.url}/v1` } },
    gateways: { off: { includeUsage: 'off' }, all: { includeUsage: 'all' } },
  });
  stops.push(upstream.stop, () => ingress.ingress.stop());
  return { ...ingress, seen };
}

const STREAM = '{"model":"m","stream":true,"seed":9007199254740993}';
const ASKING = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
const post = ({ url }: TestIngress, body: string | Buffer, path = '/openai/v1/chat/completions', headers = {}) =>
  call(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('the usage of a chat stream', () => {
  it('I2 I5 is asked for, kept for the row, and withheld from a client that did not ask', async () => {
    const it = await scene();
    const answer = await post(it, STREAM, undefined, { 'accept-encoding': 'gzip, br' });
    expect([answer.status, answer.body.toString(), answer.whole]).toEqual([200, SHOWN, true]);
    expect(it.seen[0]?.body).toBe(STREAM.replace('{', '{"stream_options":{"include_usage":true},'));
    expect(it.seen[0]?.headers['accept-encoding']).toBe('identity');
    const [event] = await it.log.take(1);
    expect(event?.response_head.toString()).toBe(WHOLE);
    expect(event?.request_head.toString()).toBe(STREAM);
    expect(event).toMatchObject({ complete: true, response_bytes: Buffer.byteLength(WHOLE) });
  });

  it('I2 a client that asks has every byte', async () => {
    const it = await scene();
    expect((await post(it, ASKING)).body.toString()).toBe(WHOLE);
    expect(it.seen[0]?.body).toBe(ASKING);
  });

  it('I2 leaves alone what need not be asked', async () => {
    const it = await scene((response, _request, body) => void response.end(body));
    const untouched: [string, string][] = [
      ['/openai/v1/chat/completions', '{"stream":false}'],
      ['/openai/v1/responses', STREAM],
      ['/mistral/v1/chat/completions', STREAM],
      ['/custom-up/v1/chat/completions', STREAM],
      ['/v1/acc/off/openai/v1/chat/completions', STREAM],
    ];
    for (const [path, body] of untouched) expect((await post(it, body, path)).body.toString()).toBe(body);
    await post(it, STREAM, '/v1/acc/all/custom-up/v1/chat/completions');
    expect(it.seen.at(-1)?.body).toContain('"include_usage":true');
  });

  it('a large request in many pieces', async () => {
    const it = await scene();
    const body = `{"messages":[{"content":"${'é"}'.replace('"', '\\"').repeat(60_000)}"}],"stream":true}`;
    expect((await post(it, body)).body.toString()).toBe(SHOWN);
    expect(it.seen[0]?.body).toBe(body.replace('{', '{"stream_options":{"include_usage":true},'));
  });

  it.each([
    [
      'of known length',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': Buffer.byteLength(WHOLE) });
        response.end(WHOLE);
      },
    ],
    [
      'byte by byte',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const byte of Buffer.from(WHOLE)) response.write(Buffer.from([byte]));
        response.end();
      },
    ],
    [
      'without an end of its last event',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`${SHOWN}${USAGE.trimEnd()}`);
      },
    ],
  ] as const)('of a stream %s', async (_name, answer) => {
    const it = await scene(answer);
    const { body, whole, headers } = await post(it, STREAM);
    expect([body.toString(), whole, headers['content-length']]).toEqual([SHOWN, true, undefined]);
  });

  it('what is no plain stream passes as it is', async () => {
    const it = await scene(
      (response) =>
        void response.writeHead(400, { 'content-type': 'application/json' }).end('{"choices":[],"usage":{}}'),
    );
    const answer = await post(it, STREAM);
    expect([answer.status, answer.body.toString()]).toEqual([400, '{"choices":[],"usage":{}}']);
    const packed = gzipSync(WHOLE);
    const zipped = await scene(
      (response) =>
        void response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(packed),
    );
    expect((await post(zipped, STREAM)).body.equals(packed)).toBe(true);
  });

  it('a stream that breaks off is cut, and what had come is passed', async () => {
    const it = await scene((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(DELTA);
      setTimeout(() => response.destroy(), 30);
    });
    const answer = await post(it, STREAM);
    expect([answer.body.toString(), answer.whole]).toEqual([DELTA, false]);
  });

  it('of a cached stream: the row has it, the client does not', async () => {
    const it = await scene();
    const ttl = { 'cf-aig-cache-ttl': '60' };
    const [miss, hit] = [await post(it, STREAM, undefined, ttl), await post(it, STREAM, undefined, ttl)];
    expect([miss, hit].map((answer) => answer.headers['cf-aig-cache-status'])).toEqual(['MISS', 'HIT']);
    expect(hit.body.toString()).toBe(SHOWN);
    expect((await it.log.take(2))[1]?.response_head.toString()).toBe(WHOLE);
    expect(it.seen).toHaveLength(1);
  });
});
