import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { WeirError } from '@weir/kernel';
import type { ResponseCache } from '@weir/response-cache';
import { openMemoryCache } from '@weir/response-cache/drivers/memory';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, call, readBody, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Scene extends TestIngress {
  /** How many calls the provider saw. */
  readonly calls: () => number;
}
type Provider = (response: ServerResponse, request: IncomingMessage, turn: number) => void;

const JSON_ANSWER = '{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';
const plain: Provider = (response, _request, turn) =>
  void response.writeHead(200, { 'content-type': 'application/json', 'x-turn': String(turn) }).end(JSON_ANSWER);

async function scene(
  provider: Provider = plain,
  settings: Parameters<typeof startTestIngress>[1] = {},
  overrides: Parameters<typeof startTestIngress>[2] = {},
): Promise<Scene> {
  let turns = 0;
  const upstream = await startUpstream((request, response) => {
    void readBody(request).then(() => {
      turns += 1;
      provider(response, request, turns);
    });
  });
  const gateways = { cached: { cacheTtlSeconds: 60 }, small: { cacheTtlSeconds: 60, cacheEntryBytesMax: 2_000 } };
  const ingress = await startTestIngress(upstream.url, { gateways, ...settings }, overrides);
  stops.push(upstream.stop, () => ingress.ingress.stop());
  return { ...ingress, calls: () => turns };
}

interface Ask {
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}
const TTL = { 'cf-aig-cache-ttl': '60' };
const post = (
  { url }: TestIngress,
  { path = '/custom-up/v1/chat/completions', body = '{"a":1}', headers = TTL }: Ask = {},
) => call(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const statusOf = (answer: Answer): unknown => answer.headers['cf-aig-cache-status'];
/** Calls one after the other, and what the cache said of each. */
async function statuses(it: TestIngress, ...asks: Ask[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const ask of asks) {
    seen.push(statusOf(await post(it, ask)));
    // What was fetched is stored a moment after its answer.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return seen;
}

describe('a cached answer', () => {
  it('is the same as the one that was fetched, at no cost', async () => {
    const it = await scene();
    const [miss, hit] = [await post(it), await post(it)];
    expect([statusOf(miss), statusOf(hit), it.calls()]).toEqual(['MISS', 'HIT', 1]);
    expect(hit.body.equals(miss.body)).toBe(true);
    expect([hit.status, hit.headers['content-type'], hit.headers['x-turn']]).toEqual([200, 'application/json', '1']);
    const [first, second] = await it.log.take(2);
    expect(first).toMatchObject({ cache_status: 'miss', status: 200, outcome: 'ok' });
    expect(first?.upstream_host).not.toBe('');
    expect(second).toMatchObject({
      cache_status: 'hit',
      status: 200,
      outcome: 'ok',
      upstream_host: '',
      complete: true,
    });
    // The row holds the answer, so that what it would have cost can be told.
    expect(second?.response_head.toString()).toBe(JSON_ANSWER);
    expect(second?.response_sha256).toBe(first?.response_sha256);
    expect(second?.request_id).not.toBe(first?.request_id);
    expect(hit.headers['cf-aig-log-id']).toBe(second?.request_id);
  });

  it('I2 of a stream is the stream, byte for byte', async () => {
    const events = [
      'data: {"choices":[{"delta":{"content":"é"}}]}\n\n',
      'data: {"choices":[{"finish_reason":"stop"}]}\n\n',
    ];
    const it = await scene((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) response.write(event);
      setTimeout(() => response.end('data: [DONE]\n\n'), 20);
    });
    const [miss, hit] = [await post(it), await post(it)];
    expect([statusOf(miss), statusOf(hit)]).toEqual(['MISS', 'HIT']);
    expect(hit.body.toString()).toBe(`${events.join('')}data: [DONE]\n\n`);
    expect(hit.headers['content-type']).toBe('text/event-stream');
    expect((await it.log.take(2))[1]).toMatchObject({ stream: true, cache_status: 'hit' });
  });

  it('keeps no header that was meant for one caller', async () => {
    const it = await scene((response) =>
      response
        .writeHead(200, { 'set-cookie': 'session=1', 'x-ratelimit-remaining-tokens': '5', 'x-request-id': 'req' })
        .end('{}'),
    );
    const [miss, hit] = [await post(it), await post(it)];
    expect(miss.headers).toMatchObject({ 'set-cookie': ['session=1'], 'x-ratelimit-remaining-tokens': '5' });
    expect(hit.headers['set-cookie'] ?? hit.headers['x-ratelimit-remaining-tokens']).toBeUndefined();
    expect([statusOf(hit), hit.headers['x-request-id']]).toEqual(['HIT', 'req']);
  });

  it('in an encoding that the client cannot read is fetched anew', async () => {
    const packed = gzipSync(JSON_ANSWER);
    const it = await scene((response, request) => {
      if (request.headers['accept-encoding'] === 'gzip')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
      else response.end(JSON_ANSWER);
    });
    const gzip = { headers: { ...TTL, 'accept-encoding': 'gzip' } };
    expect(await statuses(it, gzip, gzip)).toEqual(['MISS', 'HIT']);
    const identity = await post(it);
    expect([statusOf(identity), identity.body.toString()]).toEqual(['MISS', JSON_ANSWER]);
  });

  it('I8 of a gateway that keeps no bodies is known by its facts alone', async () => {
    const it = await scene(plain, { gateways: { private: { collectPayloads: false, cacheTtlSeconds: 60 } } });
    const ask = { path: '/v1/acc/private/custom-up/v1/chat/completions', headers: {} };
    expect(await statuses(it, ask, ask)).toEqual(['MISS', 'HIT']);
    const [, hit] = await it.log.take(2);
    expect(hit).toMatchObject({ payload: 'off', cache_status: 'hit' });
    expect(hit?.response_head.length).toBe(0);
    expect(JSON.parse(hit?.facts ?? '').usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  });
});

describe('whether the cache is asked', () => {
  it('not unless someone wants it, and then no header says anything', async () => {
    const it = await scene();
    expect(await statuses(it, { headers: {} }, { headers: {} })).toEqual([undefined, undefined]);
    expect(await statuses(it, { headers: { 'cf-aig-cache-ttl': '0' } })).toEqual([undefined]);
    expect(it.log.events().map((event) => event.cache_status)).toEqual(['none', 'none', 'none']);
    expect(it.calls()).toBe(3);
  });

  it('a gateway may want it; a call may not', async () => {
    const it = await scene();
    const path = '/v1/acc/cached/custom-up/v1/chat/completions';
    expect(await statuses(it, { path, headers: {} }, { path, headers: {} })).toEqual(['MISS', 'HIT']);
    expect(await statuses(it, { path, headers: { 'cf-aig-cache-ttl': '0' } })).toEqual([undefined]);
  });

  it('a gateway does not make one upload, one job or one read of two', async () => {
    const it = await scene();
    const paths = ['files', 'batches', 'responses/resp_1/cancel', 'fine_tuning/jobs', 'predictions', 'threads'];
    for (const name of paths) {
      const path = `/v1/acc/cached/custom-up/v1/${name}`;
      expect(await statuses(it, { path, headers: {} }, { path, headers: {} })).toEqual([undefined, undefined]);
    }
    const background = { path: '/v1/acc/cached/custom-up/v1/responses', headers: {}, body: '{"background" : true}' };
    await statuses(it, background, background);
    const get = () => call(`${it.url}/v1/acc/cached/custom-up/v1/chat/completions`);
    await get();
    await get();
    expect(it.calls()).toBe(paths.length * 2 + 4);
  });

  it.each([[{ 'cf-cache-ttl': '60' }], [{ 'cf-aig-cache-key': 'mine' }], [{ 'cf-aig-cache-ttl': '999999999' }]])(
    '%j',
    async (headers) => {
      const it = await scene();
      expect(await statuses(it, { headers }, { headers })).toEqual(['MISS', 'HIT']);
    },
  );

  it.each(['cf-aig-skip-cache', 'cf-skip-cache'])('%s goes past an entry, which stays', async (name) => {
    const it = await scene();
    const skip = { headers: { ...TTL, [name]: 'true' } };
    expect(await statuses(it, {}, skip, {})).toEqual(['MISS', 'MISS', 'HIT']);
    expect(it.calls()).toBe(2);
    expect(it.log.events().map((event) => event.cache_status)).toEqual(['miss', 'none', 'hit']);
  });

  it('each for its own time', async () => {
    let now = 1_000_000;
    const clock = { now: () => now, monotonic: () => performance.now() };
    const it = await scene(plain, {}, { clock });
    expect(await statuses(it, {}, {})).toEqual(['MISS', 'HIT']);
    now += 60_000;
    expect(await statuses(it, {}, {})).toEqual(['MISS', 'HIT']);
  });
});

describe('the key', () => {
  it.each([
    ['body', { body: '{"a":2}' }],
    ['path', { path: '/custom-up/v1/embeddings' }],
    ['query', { path: '/custom-up/v1/chat/completions?x=1' }],
    ['credential', { headers: { ...TTL, authorization: 'Bearer other' } }],
    ['gateway', { path: '/v1/default/cached/custom-up/v1/chat/completions' }],
    ['account', { path: '/v1/acc/default/custom-up/v1/chat/completions' }],
    ['version of the API', { headers: { ...TTL, 'anthropic-version': '2' } }],
  ] as const)('another %s is another entry', async (_name, ask) => {
    const it = await scene();
    expect(await statuses(it, {}, ask, {}, ask)).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
  });

  it('metadata is not part of it', async () => {
    const it = await scene();
    const other = { headers: { ...TTL, 'cf-aig-metadata': '{"user":"two"}' } };
    expect(await statuses(it, {}, other)).toEqual(['MISS', 'HIT']);
    expect(it.log.events()[1]?.user_id).toBe('two');
  });

  it('a name of one’s own stands for all of it', async () => {
    const it = await scene();
    const headers = { 'cf-aig-cache-key': 'mine', authorization: 'Bearer a' };
    const asks = [{ headers }, { headers: { ...headers, authorization: 'Bearer b' }, body: '{"b":1}' }];
    expect(await statuses(it, ...asks)).toEqual(['MISS', 'HIT']);
  });
});

describe('what is not stored', () => {
  it.each([
    ['an error', (response) => void response.writeHead(500).end('{}')],
    ['another success', (response) => void response.writeHead(201).end('{}')],
    [
      'an error with status 200',
      (response) => void response.end('{"error":{"type":"overloaded_error","message":"x"}}'),
    ],
    [
      'an answer that broke off',
      (response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'a stream without its end',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
      },
    ],
    [
      'a stream with an error in it',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n');
      },
    ],
  ] as const satisfies readonly (readonly [string, Provider])[])('%s', async (_name, provider) => {
    const it = await scene(provider);
    expect(await statuses(it, {}, {})).toEqual(['MISS', 'MISS']);
    expect(it.calls()).toBe(2);
  });

  it('I7 an answer or a request that is too large', async () => {
    const it = await scene((response) => void response.end('x'.repeat(5_000)), { keptBodyBytesMax: 100_000 });
    const small = { path: '/v1/acc/small/custom-up/v1/chat/completions', headers: {} };
    expect(await statuses(it, small, small)).toEqual(['MISS', 'MISS']);
    const large = { body: Buffer.alloc(300_000, 'b') };
    expect(await statuses(it, large, large)).toEqual([undefined, undefined]);
    expect(it.calls()).toBe(4);
  });
});

describe('equal calls at the same time', () => {
  const many = (it: TestIngress, count: number): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, () => post(it)));

  it('are fetched once, and each is a row', async () => {
    const it = await scene((response) => void setTimeout(() => response.end(JSON_ANSWER), 150));
    const answers = await many(it, 20);
    expect(it.calls()).toBe(1);
    expect(answers.map(({ body, whole }) => [body.toString(), whole])).toEqual(answers.map(() => [JSON_ANSWER, true]));
    expect(answers.map(statusOf).sort()).toEqual(['MISS', ...Array.from({ length: 19 }, () => 'HIT')].sort());
    const events = await it.log.take(20);
    expect(events.filter((event) => event.cache_status === 'hit')).toHaveLength(19);
  });

  it('when the one that fetches fails, the others fetch for themselves', async () => {
    const it = await scene((response, _request, turn) => {
      if (turn === 1) setTimeout(() => response.destroy(), 150);
      else response.end(JSON_ANSWER);
    });
    const answers = await many(it, 5);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 502]);
    expect(it.calls()).toBe(5);
  });

  it('when the client of the one that fetches leaves, its answer is still fetched and given to the others', async () => {
    const it = await scene((response) => void setTimeout(() => response.end(JSON_ANSWER), 200));
    const request = http.request(`${it.url}/custom-up/v1/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: { ...TTL, 'content-type': 'application/json', 'content-length': '7' },
    });
    request.on('error', () => undefined);
    request.end('{"a":1}');
    await new Promise((resolve) => setTimeout(resolve, 60));
    const others = many(it, 3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    request.destroy();
    expect((await others).map(statusOf)).toEqual(['HIT', 'HIT', 'HIT']);
    expect(it.calls()).toBe(1);
  });

  it('one that waits too long, or leaves, does not hold the others', async () => {
    const it = await scene((response) => void setTimeout(() => response.end(JSON_ANSWER), 300));
    const first = post(it);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const hasty = post(it, { headers: { ...TTL, 'cf-aig-request-timeout': '100' } });
    expect((await hasty).status).toBe(504);
    expect((await first).status).toBe(200);
    expect(it.calls()).toBe(2);
    expect(it.log.events().map((event) => event.cache_status)).toEqual(['miss', 'miss']);
  });

  it('a stop while they wait ends them all', async () => {
    const it = await scene(() => undefined, { shutdownGraceMs: 50 });
    const waiting = many(it, 3);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await it.ingress.stop();
    expect((await waiting).map((answer) => answer.status)).toEqual([503, 503, 503]);
    expect(it.log.events()).toMatchObject([{ error_code: 'INGRESS_STOPPING', cache_status: 'miss' }]);
  });
});

it('a cache that fails is a miss, and is counted', async () => {
  const failure = new WeirError('CACHE_FAILED', 'disk');
  const broken: ResponseCache = {
    ...openMemoryCache({ bytesMax: 1, entriesMax: 1 }),
    get: () => Promise.reject(failure),
    set: () => Promise.reject(failure),
  };
  const it = await scene(plain, {}, { responseCache: broken });
  expect(await statuses(it, {}, {})).toEqual(['MISS', 'MISS']);
  expect(it.telemetry.counts.get('weir_ingress_cache_failures_total{"code":"CACHE_FAILED"}')).toBe(4);
});

it('an answer that is still being stored is a hit already', async () => {
  const { promise: stored, resolve: store } = Promise.withResolvers<void>();
  const slow: ResponseCache = { ...openMemoryCache({ bytesMax: 1, entriesMax: 1 }), set: () => stored };
  const it = await scene(plain, {}, { responseCache: slow });
  const seen = [statusOf(await post(it)), statusOf(await post(it)), statusOf(await post(it))];
  store();
  expect([seen, it.calls()]).toEqual([['MISS', 'HIT', 'HIT'], 1]);
  // The store kept nothing.
  await expect.poll(async () => statusOf(await post(it))).toBe('MISS');
});

it('each step of a universal call has its own entry', async () => {
  const it = await scene((response, request) => {
    response.writeHead(request.url?.startsWith('/bad') === true ? 500 : 200).end(`{"of":"${request.url}"}`);
  });
  const step = (endpoint: string, headers = {}) => ({ provider: 'custom-up', endpoint, headers, query: { a: 1 } });
  const body = JSON.stringify([step('bad/chat'), step('good/chat', { 'cf-aig-cache-ttl': '60' })]);
  const ask = { path: '/v1/acc/default', body, headers: {} };
  const [miss, hit] = [await post(it, ask), await post(it, ask)];
  expect([statusOf(miss), statusOf(hit), hit.headers['cf-aig-step']]).toEqual(['MISS', 'HIT', '1']);
  expect(hit.body.toString()).toBe('{"of":"/good/chat"}');
  expect(it.calls()).toBe(3);
  expect((await it.log.take(4)).map((event) => [event.step, event.cache_status])).toEqual([
    [0, 'none'],
    [1, 'miss'],
    [0, 'none'],
    [1, 'hit'],
  ]);
});
