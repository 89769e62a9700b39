import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { KeptFacts } from './ledger/request-event.ts';
import { call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const MARKER = 'MARKER-b5f1';
const KEY = 'sk-secret-0123456789';

const REQUEST = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: `system ${MARKER}` },
    { role: 'user', content: `user ${MARKER}` },
  ],
});
const RESPONSE = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: `answer ${MARKER}` }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
});

async function openai(settings: Parameters<typeof startTestIngress>[1] = {}, gzip = false): Promise<TestIngress> {
  const upstream = await startUpstream((request, response) => {
    request.resume();
    const { url } = request;
    if (url?.startsWith('/v1/error') === true) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `bad value ${MARKER}`, type: 'invalid_request_error' } }));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', ...(gzip ? { 'content-encoding': 'gzip' } : {}) });
    response.end(gzip ? gzipSync(RESPONSE) : RESPONSE);
  });
  const started = await startTestIngress('http://unused.invalid', {
    providers: { openai: { baseUrl: `${upstream.url}/v1` } },
    ...settings,
  });
  stops.push(upstream.stop, () => started.ingress.stop());
  return started;
}

const post = (url: string, headers: Record<string, string> = {}): ReturnType<typeof call> =>
  call(url, { method: 'POST', body: REQUEST, headers: { 'content-type': 'application/json', ...headers } });

const everythingOf = ({ log, telemetry }: TestIngress): string =>
  [...log.values.map((value) => value.toString('latin1')), ...telemetry.lines].join('\n');

describe('I8 bodies that are switched off', () => {
  it.each([
    ['cf-aig-collect-log-payload: false', '/openai/chat/completions', { 'cf-aig-collect-log-payload': 'false' }],
    ['cf-aig-collect-log: false', '/openai/chat/completions', { 'cf-aig-collect-log': 'false' }],
    ['the gateway', '/v1/a/private/openai/chat/completions', {}],
    [
      'the gateway, whatever the header says',
      '/v1/a/private/openai/chat/completions',
      { 'cf-aig-collect-log-payload': 'true' },
    ],
    ['an error that quotes the request', '/openai/error', { 'cf-aig-collect-log-payload': 'false' }],
  ])('%s: no byte of them is written, the money stays', async (_name, path, headers) => {
    for (const gzip of [false, true]) {
      const ingress = await openai({ gateways: { private: { collectPayloads: false } } }, gzip);
      const answer = await post(`${ingress.url}${path}`, headers);
      expect(answer.body.length).toBeGreaterThan(0);
      expect(everythingOf(ingress)).not.toContain(MARKER);
      const [event] = ingress.log.events();
      expect(event).toMatchObject({ payload: 'off', request_bytes: REQUEST.length });
      expect(event?.request_head.length).toBe(0);
      expect(event?.response_head.length).toBe(0);
      const facts = JSON.parse(event?.facts ?? '') as KeptFacts;
      expect(facts.requestModel).toBe('gpt-4o-mini');
      if (path.endsWith('error')) {
        expect(facts.error).toMatchObject({ category: 'invalid_request', message: '' });
        continue;
      }
      expect(facts.usageSource).toBe('reported');
      expect(JSON.parse(facts.usageRaw)).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
      expect(facts).toMatchObject({ promptTemplate: '', promptPreview: '', responsePreview: '' });
      expect(facts.promptFingerprint).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it('collect-log false keeps no tags, user or session either', async () => {
    const ingress = await openai();
    await post(`${ingress.url}/openai/chat/completions`, {
      'cf-aig-collect-log': 'false',
      'cf-aig-session-id': 'session-x',
      'cf-aig-metadata': '{"user":"user-x","team":"team-x","env":"prod"}',
    });
    expect(ingress.log.events()[0]).toMatchObject({ user_id: '', session_id: '', tags: {}, env: 'prod' });
    expect(everythingOf(ingress)).not.toMatch(/user-x|team-x|session-x/);
  });

  it('a gateway that collects no logs keeps no user either, unless the request says so', async () => {
    const ingress = await openai({ gateways: { private: { collectLogs: false } } });
    for (const header of [undefined, 'true']) {
      await post(`${ingress.url}/v1/a/private/openai/chat/completions`, {
        'cf-aig-metadata': '{"user":"user-x","env":"prod"}',
        ...(header === undefined ? {} : { 'cf-aig-collect-log': header }),
      });
    }
    expect(ingress.log.events()).toMatchObject([
      { user_id: '', env: 'prod', payload: 'off' },
      { user_id: 'user-x', env: 'prod', payload: 'full' },
    ]);
  });

  it('are kept when nothing says otherwise', async () => {
    const ingress = await openai();
    await post(`${ingress.url}/openai/chat/completions`);
    expect(everythingOf(ingress)).toContain(MARKER);
  });
});

describe('I8 credentials', () => {
  it.each([
    ['authorization', `Bearer ${KEY}`],
    ['cf-aig-authorization', `Bearer ${KEY}`],
    ['cookie', `session=${KEY}`],
    ['x-api-key', KEY],
  ])('of %s reach neither event nor log', async (name, value) => {
    const ingress = await openai();
    await post(`${ingress.url}/openai/chat/completions?key=${KEY}&x=1`, { [name]: value });
    await post(`${ingress.url}/nothing/x?key=${KEY}`, { [name]: value });
    expect(ingress.log.values).toHaveLength(1);
    expect(everythingOf(ingress)).not.toContain(KEY);
    expect(ingress.log.events()[0]?.path).toBe('/v1/chat/completions?key=REDACTED&x=1');
  });

  it('have the same fingerprint after a restart, and another one for another key', async () => {
    const ids: string[] = [];
    for (const key of [KEY, KEY, `${KEY}0`]) {
      const { url, log } = await openai();
      await post(`${url}/openai/chat/completions`, { authorization: `Bearer ${key}` });
      ids.push(log.events()[0]?.api_key_id ?? '');
    }
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('metadata', () => {
  it('becomes columns and tags; what is bad is left out and named', async () => {
    const { url, log, telemetry } = await openai();
    const answer = await post(`${url}/openai/chat/completions`, {
      'cf-aig-metadata': JSON.stringify({
        environment: 'prod',
        feature: 'search',
        user: 7,
        plan: true,
        deep: {},
        'cf.x': 1,
      }),
      'cf-aig-session-id': 's-1',
      'cf-aig-otel-trace-id': '0AF7651916CD43DD8448EB211C80319C',
    });
    expect(answer.headers['cf-aig-metadata-warning']).toBe(
      'deep: not a string, number or boolean; cf.x: keys starting with cf. are reserved',
    );
    expect(log.events()[0]).toMatchObject({
      env: 'prod',
      feature: 'search',
      user_id: '7',
      session_id: 's-1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      tags: { plan: 'true' },
    });
    expect(telemetry.counts.get('weir_ingress_metadata_warnings_total{}')).toBe(1);
  });
});
