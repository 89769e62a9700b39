import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { PROVIDER_KEY_DEFAULTS, TOKEN_DEFAULTS, type TokenConfig } from './identity/identity-config.ts';
import { type Answer, call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const token = (text: string, more: Partial<TokenConfig> = {}): TokenConfig => ({
  ...TOKEN_DEFAULTS,
  hash: `sha256:${createHash('sha256').update(text).digest('hex')}`,
  ...more,
});

async function start(): Promise<TestIngress & { seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push(request.headers);
    request.resume();
    request.on('end', () => response.writeHead(request.url?.startsWith('/bad') === true ? 500 : 200).end('{}'));
  });
  const started = await startTestIngress(upstream.url, {
    providers: { openai: { baseUrl: `${upstream.url}/bad/v1` }, groq: { baseUrl: `${upstream.url}/good/v1` } },
    gateways: { locked: { authentication: true, cacheTtlSeconds: 60 } },
    tokens: {
      all: token('weir_all'),
      narrow: token('weir_narrow', { models: ['small'] }),
      groq: token('weir_groq', { providers: ['groq'] }),
    },
    providerKeys: {
      openai: { default: { ...PROVIDER_KEY_DEFAULTS, key: 'sk-stored-openai' } },
      groq: { default: { ...PROVIDER_KEY_DEFAULTS, key: 'sk-stored-groq' } },
    },
  });
  stops.push(upstream.stop, () => started.ingress.stop());
  return { ...started, seen };
}

const step = (provider: string, model: string, more: object = {}) => ({
  provider,
  endpoint: 'chat/completions',
  query: { model },
  ...more,
});
const post = ({ url }: TestIngress, body: unknown, headers: Record<string, string>, path = ''): Promise<Answer> =>
  call(`${url}/v1/acc/locked${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const codeOf = (answer: Answer): unknown => [answer.status, JSON.parse(answer.body.toString()).internalCode];

describe('who may make a universal call', () => {
  it.each([{ 'cf-aig-authorization': 'Bearer weir_all' }, { authorization: 'Bearer weir_all' }])(
    'I8 a token by %j: each step goes on with the stored key of its provider',
    async (headers) => {
      const it = await start();
      const answer = await post(it, [step('openai', 'm'), step('groq', 'm')], headers);
      expect([answer.status, answer.headers['cf-aig-step']]).toEqual([200, '1']);
      expect(it.seen.map((seen) => seen.authorization)).toEqual(['Bearer sk-stored-openai', 'Bearer sk-stored-groq']);
      const events = await it.log.take(2);
      expect(events.map((event) => event.token_id)).toEqual(['all', 'all']);
      expect(events[0]?.api_key_id).not.toBe(events[1]?.api_key_id);
    },
  );

  it('a step’s own key goes before the stored one', async () => {
    const it = await start();
    await post(it, [step('groq', 'm', { authorization: 'Bearer own' })], { 'cf-aig-authorization': 'weir_all' });
    expect(it.seen[0]?.authorization).toBe('Bearer own');
  });

  it.each([{}, { authorization: 'Bearer sk-of-a-provider' }, { 'cf-aig-authorization': 'wrong' }])(
    'nobody without one: %j',
    async (headers) => {
      const it = await start();
      expect(codeOf(await post(it, [step('groq', 'm')], headers as Record<string, string>))).toEqual([401, 2009]);
      expect(it.seen).toEqual([]);
    },
  );

  it('a token that may not call the provider of a step', async () => {
    const it = await start();
    const answer = await post(it, [step('groq', 'm'), step('openai', 'm')], { 'cf-aig-authorization': 'weir_groq' });
    expect([answer.status, it.seen]).toEqual([403, []]);
    expect(answer.body.toString()).toContain('[1]: ');
  });

  it('a model that the token may not ask for is gone on from', async () => {
    const it = await start();
    const steps = [step('groq', 'large'), step('groq', 'small')];
    const answer = await post(it, steps, { 'cf-aig-authorization': 'weir_narrow' });
    expect([answer.status, answer.headers['cf-aig-step']]).toEqual([200, '1']);
    const refused = await post(it, [step('groq', 'large')], { 'cf-aig-authorization': 'weir_narrow' });
    expect(refused.status).toBe(403);
    expect(await it.log.take(1)).toMatchObject([{ step: 1 }]);
  });
});

it('a model that a token may not ask for is not answered from the cache either', async () => {
  const it = await start();
  const ask = (name: string) =>
    post(it, { model: 'large' }, { 'cf-aig-authorization': name }, '/groq/v1/chat/completions');
  const [miss, hit] = [await ask('weir_all'), await ask('weir_all')];
  expect([miss, hit].map((answer) => answer.headers['cf-aig-cache-status'])).toEqual(['MISS', 'HIT']);
  expect((await ask('weir_narrow')).status).toBe(403);
});
