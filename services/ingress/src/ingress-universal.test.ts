import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, call, readBody, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Two providers, `custom-a` and `custom-b`, at one server: the path tells which. */
async function scene(
  answer: (seen: Seen, response: ServerResponse) => void,
  settings: Parameters<typeof startTestIngress>[1] = {},
): Promise<TestIngress & { seen: Seen[] }> {
  const seen: Seen[] = [];
  const upstream = await startUpstream((request, response) => {
    void readBody(request).then((body) => {
      const arrived = { path: request.url ?? '', headers: request.headers, body: body.toString() };
      seen.push(arrived);
      answer(arrived, response);
    });
  });
  const ingress = await startTestIngress(upstream.url, {
    customProviders: { a: { baseUrl: `${upstream.url}/a` }, b: { baseUrl: `${upstream.url}/b` } },
    gateways: { team: {}, strict: { cloudflareErrors: true }, eager: { retryMaxAttempts: 2, retryDelayMs: 1 } },
    ...settings,
  });
  stops.push(upstream.stop, () => ingress.ingress.stop());
  return { ...ingress, seen };
}

const step = (provider: string, more: object = {}): object => ({
  provider,
  endpoint: 'chat/completions',
  headers: { Authorization: `Bearer key-${provider}` },
  query: { model: 'm' },
  ...more,
});
const post = ({ url }: TestIngress, body: unknown, headers: Record<string, string> = {}, gateway = 'team') =>
  call(`${url}/v1/acc/${gateway}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const described = (answer: Answer): { code: number; description: string } => {
  const { internalCode, description } = JSON.parse(answer.body.toString());
  return { code: internalCode, description };
};
const ok = (_seen: Seen, response: ServerResponse): void => void response.end('fine');
const failingA = ({ path }: Seen, response: ServerResponse): void =>
  void response.writeHead(path.startsWith('/a/') ? 500 : 200).end(`answer of ${path}`);

describe('universal endpoint', () => {
  it.each(['/v1/acc/team', '/v1/acc/team/', '/v1/acc/default?x=1'])('%s takes one step or an array', async (path) => {
    const it = await scene(ok);
    for (const body of [step('custom-a'), [step('custom-a')]]) {
      const answer = await call(`${it.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      expect([answer.status, answer.body.toString(), answer.headers['cf-aig-step']]).toEqual([200, 'fine', '0']);
    }
    expect(it.seen.map((seen) => seen.path)).toEqual(['/a/chat/completions', '/a/chat/completions']);
    expect(
      (await it.log.take(2)).map(({ account, provider, method, step: at }) => [account, provider, method, at]),
    ).toEqual([1, 2].map(() => ['acc', 'custom-a', 'POST', 0]));
  });

  it('I2 sends the query as it was written, byte for byte', async () => {
    const it = await scene(ok);
    const query = '{ "n": 1.0, "seed":9007199254740993,\n"text":"\\u00e9 \\"}]", "z": {"a":[ ]} }';
    await post(it, `[{"provider":"custom-a","query":${query},"endpoint":"/x?y=%20"}]`);
    expect(it.seen[0]).toMatchObject({ path: '/a/x?y=%20', body: query });
    const [event] = await it.log.take(1);
    expect(event?.request_head.toString()).toBe(query);
    expect(event?.request_bytes).toBe(Buffer.byteLength(query));
  });

  it('I3 goes on to the next step after an error, a row for each', async () => {
    const it = await scene(failingA);
    const answer = await post(it, [step('custom-a'), step('custom-b', { query: { model: 'other' } })]);
    expect([answer.status, answer.body.toString()]).toEqual([200, 'answer of /b/chat/completions']);
    expect(answer.headers['cf-aig-step']).toBe('1');
    const [first, second, ...more] = await it.log.take(2);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ provider: 'custom-a', status: 500, step: 0, attempt: 1 });
    expect(second).toMatchObject({ provider: 'custom-b', status: 200, step: 1, attempt: 1 });
    expect(second?.parent_id).toBe(first?.request_id);
    expect(second?.request_head.toString()).toBe('{"model":"other"}');
    expect(second?.request_sha256).not.toBe(first?.request_sha256);
    expect(second?.api_key_id).not.toBe(first?.api_key_id);
    expect(answer.headers).toMatchObject({
      'cf-aig-log-id': second?.request_id,
      'cf-aig-request-id': first?.request_id,
    });
  });

  it.each([400, 401, 404, 429, 503])('%i of a provider is an error to go on from', async (status) => {
    const it = await scene(({ path }, response) => {
      response.writeHead(path.startsWith('/a') ? status : 200).end();
    });
    expect((await post(it, [step('custom-a'), step('custom-b')])).headers['cf-aig-step']).toBe('1');
  });

  it('a step that cannot be reached is gone on from', async () => {
    const upstream = await startUpstream((_request, response) => response.end('b'));
    const customProviders = { a: { baseUrl: 'http://nothing.invalid' }, b: { baseUrl: upstream.url } };
    const started = await startTestIngress(upstream.url, { customProviders, gateways: { team: {} } });
    stops.push(upstream.stop, () => started.ingress.stop());
    const answer = await post(started, [step('custom-a'), step('custom-b')]);
    expect([answer.body.toString(), answer.headers['cf-aig-step']]).toEqual(['b', '1']);
    expect((await started.log.take(2))[0]).toMatchObject({ error_code: 'UPSTREAM_DNS', step: 0 });
  });

  it('a step that is too slow is gone on from', async () => {
    const slow = await scene(({ path }, response) => {
      if (path.startsWith('/b')) response.end('b');
    });
    const answer = await post(slow, [step('custom-a', { config: { requestTimeout: 100 } }), step('custom-b')]);
    expect([answer.body.toString(), answer.headers['cf-aig-step']]).toEqual(['b', '1']);
    expect((await slow.log.take(2))[0]).toMatchObject({
      error_code: 'UPSTREAM_FIRST_BYTE_TIMEOUT',
      outcome: 'timeout',
    });
  });

  it('retries a step before it goes on', async () => {
    const it = await scene(failingA);
    const config = { maxAttempts: 3, retryDelay: 1, backoff: 'constant' };
    const answer = await post(it, [step('custom-a', { config }), step('custom-b')]);
    expect(answer.headers['cf-aig-step']).toBe('1');
    expect((await it.log.take(4)).map((event) => [event.step, event.attempt])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 1],
    ]);
  });

  it('when all fail the last answer is kept, with its step', async () => {
    const it = await scene(({ path }, response) => {
      response.writeHead(path.startsWith('/a') ? 500 : 429, { 'retry-after': '7' }).end('no');
    });
    const answer = await post(it, [step('custom-a'), step('custom-b')]);
    expect([answer.status, answer.body.toString(), answer.headers['retry-after']]).toEqual([429, 'no', '7']);
    expect(answer.headers['cf-aig-step']).toBe('1');
  });

  it('a gateway may answer 400/2005 then, as Cloudflare', async () => {
    const it = await scene((_seen, response) => void response.writeHead(500).end('no'));
    const answer = await post(it, [step('custom-a'), step('custom-b')], {}, 'strict');
    expect([answer.status, described(answer).code]).toEqual([400, 2005]);
    expect(await it.log.take(2)).toMatchObject([{ status: 500 }, { status: 500 }]);
    const passed = await call(`${it.url}/v1/acc/strict/custom-a/x`);
    expect([passed.status, passed.body.toString()]).toEqual([500, 'no']);
  });
});

describe('headers of a universal call', () => {
  it('step over config over request over gateway', async () => {
    const it = await scene((_seen, response) => void response.writeHead(503).end());
    const attempts = async (body: object, headers: Record<string, string>, gateway = 'eager'): Promise<number> => {
      const before = it.seen.length;
      await post(it, [body], { 'cf-aig-retry-delay': '1', ...headers }, gateway);
      return it.seen.length - before;
    };
    const config = { maxAttempts: 4, retryDelay: 1 };
    const headers = { 'cf-aig-max-attempts': '5' };
    expect(await attempts(step('custom-a', { config, headers }), { 'cf-aig-max-attempts': '3' })).toBe(5);
    expect(await attempts(step('custom-a', { config }), { 'cf-aig-max-attempts': '3' })).toBe(4);
    expect(await attempts(step('custom-a'), { 'cf-aig-max-attempts': '3' })).toBe(3);
    expect(await attempts(step('custom-a'), {})).toBe(2);
    expect(await attempts(step('custom-a'), {}, 'team')).toBe(1);
  });

  it('I8 a credential goes to the step that names it, no other header of the gateway does', async () => {
    const it = await scene(failingA);
    await post(
      it,
      [
        step('custom-a', { headers: { 'X-Api-Key': 'secret-a', 'cf-aig-metadata': { feature: 'one' }, 'x-n': 5 } }),
        step('custom-b', { headers: {}, authorization: 'Bearer secret-b' }),
      ],
      {
        authorization: 'Bearer of-the-gateway',
        'cf-aig-authorization': 'Bearer token',
        cookie: 'a=b',
        'cf-aig-metadata': '{"feature":"all","team":"t"}',
        'x-request-tag': 'shared',
      },
    );
    const [a, b] = it.seen;
    expect(a?.headers).toMatchObject({ 'x-api-key': 'secret-a', 'x-n': '5', 'x-request-tag': 'shared' });
    expect(a?.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '13' });
    expect(b?.headers['authorization']).toBe('Bearer secret-b');
    expect(JSON.stringify(it.seen)).not.toMatch(/of-the-gateway|token|a=b|cf-aig/);
    expect(JSON.stringify(b)).not.toContain('secret-a');
    const [first, second] = await it.log.take(2);
    expect(first).toMatchObject({ feature: 'one', tags: {} });
    expect(second).toMatchObject({ feature: 'all', tags: { team: 't' } });
    expect(it.log.values.join('')).not.toMatch(/secret-|of-the-gateway/);
  });
});

describe('a universal request that is not of its form', () => {
  it.each([
    ['{', 7001, 'not JSON'],
    ['[]', 7001, 'no steps'],
    ['7', 7001, 'the body must be an object'],
    [JSON.stringify(Array.from({ length: 17 }, () => step('custom-a'))), 7001, 'more than 16 steps'],
    ['[{"provider":"custom-a","query":{}}, 5]', 7001, '[1] must be an object'],
    ['[{"query":{}}]', 7001, '[0].provider'],
    ['{"query":{}}', 7001, 'provider must be'],
    ['[{"provider":"custom-a"}]', 7001, '[0].query'],
    [[step('custom-a', { endpoint: 5 })], 7001, '[0].endpoint'],
    [[step('custom-a', { endpoint: 'a b' })], 7001, '[0].endpoint'],
    [[step('custom-a', { endpoint: 'a\r\nx: y' })], 7001, '[0].endpoint'],
    [[step('custom-a', { endpoint: '../../etc' })], 2008, '[0].endpoint'],
    [[step('custom-a', { headers: { 'x y': '1' } })], 7001, '[0].headers'],
    [[step('custom-a', { headers: { x: 'a\r\ninjected: 1' } })], 7001, '[0].headers.x'],
    [[step('custom-a', { headers: { x: null } })], 7001, '[0].headers.x'],
    [[step('custom-a', { headers: { x: '1', X: '2' } })], 7001, '[0].headers.X is given twice'],
    [[step('custom-a', { headers: [] })], 7001, '[0].headers must be an object'],
    [[step('custom-a', { headers: {}, authorization: {} })], 7001, '[0].authorization'],
    [
      [step('custom-a', { config: { maxAttempts: 6 } })],
      7001,
      '[0].config.maxAttempts must be a whole number from 1 to 5',
    ],
    [[step('custom-a', { config: { retryDelay: 5001 } })], 7001, '[0].config.retryDelay'],
    [[step('custom-a', { config: { requestTimeout: '5' } })], 7001, '[0].config.requestTimeout'],
    [[step('custom-a', { config: { backoff: 'random' } })], 7001, '[0].config.backoff'],
    [[step('custom-a'), step('nobody')], 2008, '[1].provider'],
    [[step('compat')], 2008, '[0].provider'],
  ])('%j: %i, %s', async (body, code, text) => {
    const it = await scene(ok);
    const answer = await post(it, body);
    expect(answer.status === 400 || (code === 2008 && answer.status === 404)).toBe(true);
    expect(described(answer)).toEqual({ code, description: expect.stringContaining(text) });
    expect([it.seen, it.log.values]).toEqual([[], []]);
  });

  it('I7 a body larger than what is kept is refused', async () => {
    const it = await scene(ok, { keptBodyBytesMax: 10_000 });
    const answer = await post(it, [step('custom-a', { query: 'x'.repeat(300_000) })]);
    expect([answer.status, described(answer).code]).toEqual([413, 2101]);
    const chunked = await post(it, [step('custom-a', { query: 'x'.repeat(300_000) })], {
      'transfer-encoding': 'chunked',
    });
    expect(chunked.status).toBe(413);
    expect([it.seen, it.log.values]).toEqual([[], []]);
  });

  it('another method, an unknown gateway', async () => {
    const it = await scene(ok);
    expect((await call(`${it.url}/v1/acc/team`)).status).toBe(404);
    const answer = await post(it, [step('custom-a')], {}, 'unknown');
    expect([answer.status, described(answer).code]).toEqual([400, 2001]);
  });
});
