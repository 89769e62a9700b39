import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { IngressConfig } from './config.ts';
import { PROVIDER_KEY_DEFAULTS, TOKEN_DEFAULTS, type TokenConfig } from './identity/identity-config.ts';
import { type Answer, call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const TOKEN = 'weir_token-of-team-a';
const STORED = 'sk-stored-0123456789';
const OWN = 'sk-own-0123456789';

const token = (text: string, more: Partial<TokenConfig> = {}): TokenConfig => ({
  ...TOKEN_DEFAULTS,
  hash: `sha256:${createHash('sha256').update(text).digest('hex')}`,
  ...more,
});
const key = (text: string, more: object = {}) => ({ ...PROVIDER_KEY_DEFAULTS, key: text, ...more });

interface Running extends TestIngress {
  /** What the provider was sent. */
  readonly seen: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
}

/** An ingress of which the gateways `locked` and `open` differ in `authentication`, and every provider is one server. */
async function start(settings: Partial<IngressConfig> = {}): Promise<Running> {
  const seen: Running['seen'] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  const slugs = ['openai', 'anthropic', 'google-ai-studio', 'fal', 'azure-openai', 'aws-bedrock'];
  const started = await startTestIngress(upstream.url, {
    providers: Object.fromEntries(slugs.map((slug) => [slug, { baseUrl: upstream.url }])),
    gateways: { locked: { authentication: true }, open: {} },
    tokens: { 'team-a': token(TOKEN) },
    ...settings,
  });
  stops.push(upstream.stop, () => started.ingress.stop());
  return { ...started, seen };
}

const post = (url: string, headers: Record<string, string>, body = '{"model":"gpt-4o-mini"}'): Promise<Answer> =>
  call(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

const errorOf = (answer: Answer): { status: number; code: number; message: string } => {
  const body = JSON.parse(answer.body.toString()) as { error: [{ code: number; message: string }] };
  return { status: answer.status, ...body.error[0] };
};

describe('a gateway that asks for a token', () => {
  it.each([
    ['cf-aig-authorization with Bearer', { 'cf-aig-authorization': `Bearer ${TOKEN}` }, 200],
    ['cf-aig-authorization without', { 'cf-aig-authorization': TOKEN }, 200],
    ['none', {}, 401],
    ['a wrong one', { 'cf-aig-authorization': `Bearer ${TOKEN}x` }, 401],
    ['an empty one', { 'cf-aig-authorization': '' }, 401],
    ['its hash', { 'cf-aig-authorization': createHash('sha256').update(TOKEN).digest('hex') }, 401],
    ['a provider key only', { authorization: `Bearer ${OWN}` }, 401],
  ])('%s', async (_name, headers, status) => {
    const { url, seen, log, telemetry } = await start();
    const answer = await post(`${url}/v1/acme/locked/openai/v1/chat/completions`, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
    if (status === 200) {
      expect(seen[0]?.headers).not.toHaveProperty('cf-aig-authorization');
      expect(log.events()[0]?.token_id).toBe('team-a');
      return;
    }
    expect(errorOf(answer)).toEqual({ status: 401, code: 2009, message: 'Unauthorized' });
    expect(answer.headers['cf-aig-log-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(telemetry.counts.get('weir_ingress_refusals_total{"code":"INGRESS_UNAUTHORIZED"}')).toBe(1);
  });

  it('I2 a token and a provider key of the client: the key goes on as it came', async () => {
    const { url, seen } = await start({ providerKeys: { openai: { default: key(STORED) } } });
    const headers = { 'cf-aig-authorization': `Bearer ${TOKEN}`, authorization: `Bearer ${OWN}` };
    await post(`${url}/v1/acme/locked/openai/v1/chat/completions`, headers);
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${OWN}`);
  });

  it('a gateway that asks for none lets all through, and still names a token that is known', async () => {
    const { url, log } = await start();
    const path = `${url}/v1/acme/open/openai/v1/chat/completions`;
    for (const value of ['nonsense', TOKEN]) {
      expect((await post(path, { 'cf-aig-authorization': value })).status).toBe(200);
    }
    expect(log.events().map((event) => event.token_id)).toEqual(['', 'team-a']);
  });
});

describe('what a token may call', () => {
  const denied = { status: 403, code: 2105, message: 'Access denied by policy' };
  it.each<[string, Partial<TokenConfig>, number]>([
    ['disabled', { enabled: false }, 401],
    ['expired', { expires: '2026-01-01' }, 401],
    ['not yet expired', { expires: '2999-01-01T00:00:00Z' }, 200],
    ['of another account', { accounts: ['other'] }, 403],
    ['of another gateway', { gateways: ['open'] }, 403],
    ['of another provider', { providers: ['anthropic'] }, 403],
    [
      'for this account, gateway and provider',
      { accounts: ['acme'], gateways: ['locked'], providers: ['openai'] },
      200,
    ],
    ['for the model', { models: ['gpt-4o*'] }, 200],
    ['for another model', { models: ['gpt-4o', 'claude-*'] }, 403],
  ])('%s', async (_name, more, status) => {
    const { url, seen } = await start({ tokens: { t: token(TOKEN, more) } });
    const answer = await post(`${url}/v1/acme/locked/openai/v1/chat/completions`, { 'cf-aig-authorization': TOKEN });
    expect(answer.status).toBe(status);
    if (status === 403) expect(errorOf(answer)).toEqual(denied);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
  });

  it('a restriction of models holds for chunked, compressed and unreadable bodies, and for models in the path', async () => {
    const { url, seen } = await start({ tokens: { t: token(TOKEN, { models: ['gemini-2.5-flash'] }) } });
    const headers = { 'cf-aig-authorization': TOKEN, 'x-goog-api-key': OWN };
    const path = (model: string): string => `${url}/google-ai-studio/v1beta/models/${model}:generateContent`;
    const statuses = [
      await post(path('gemini-2.5-flash'), { ...headers, 'transfer-encoding': 'chunked' }, '{}'),
      await post(path('gemini-2.5-pro'), headers, '{}'),
      await post(path('gemini-2.5-pro'), headers, '{"model":"gemini-2.5-flash"}'),
      await post(`${url}/openai/v1/chat/completions`, headers, 'not json'),
      await post(
        `${url}/openai/v1/chat/completions`,
        { ...headers, 'content-encoding': 'gzip' },
        '{"model":"gemini-2.5-flash"}',
      ),
      await call(`${url}/openai/v1/models`, { headers }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 403, 403, 403, 403, 200]);
    expect(seen).toHaveLength(2);
  });

  it("a token's metadata stands on the row before the client's", async () => {
    const metadata = { team: 'a', env: 'prod', user: 'svc' };
    const { url, log } = await start({ tokens: { t: token(TOKEN, { metadata }) } });
    await post(`${url}/openai/v1/chat/completions`, {
      'cf-aig-authorization': TOKEN,
      'cf-aig-metadata': '{"team":"b","env":"dev","feature":"chat","plan":"pro"}',
    });
    expect(log.events()[0]).toMatchObject({
      env: 'prod',
      user_id: 'svc',
      feature: 'chat',
      tags: { team: 'a', plan: 'pro' },
      token_id: 't',
    });
  });
});

describe('single-key mode: the client sends a token where the provider key goes', () => {
  const stored = {
    openai: { default: key(STORED), eu: key('sk-eu') },
    anthropic: { default: key(STORED) },
    'google-ai-studio': { default: key(STORED) },
    fal: { default: key(STORED) },
    'azure-openai': { default: key(STORED) },
    'custom-up': { default: key(STORED, { header: 'x-up-key' }) },
    'aws-bedrock': { default: key(STORED) },
  };
  it.each([
    ['openai/v1/chat/completions', { authorization: `Bearer ${TOKEN}` }, { authorization: `Bearer ${STORED}` }],
    ['anthropic/v1/messages', { 'x-api-key': TOKEN }, { 'x-api-key': STORED }],
    ['anthropic/v1/messages', { authorization: `Bearer ${TOKEN}` }, { 'x-api-key': STORED }],
    ['google-ai-studio/v1beta/models/m:generateContent', { 'x-goog-api-key': TOKEN }, { 'x-goog-api-key': STORED }],
    ['fal/fal-ai/flux', { authorization: `Key ${TOKEN}` }, { authorization: `Key ${STORED}` }],
    ['azure-openai/res/dep/chat/completions', { 'api-key': TOKEN }, { 'api-key': STORED }],
    ['custom-up/x', { authorization: `Bearer ${TOKEN}` }, { 'x-up-key': STORED }],
    [
      'aws-bedrock/bedrock-runtime/us-east-1/model/m/converse',
      { authorization: `Bearer ${TOKEN}` },
      { authorization: `Bearer ${STORED}` },
    ],
    [
      'aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages',
      { authorization: `Bearer ${TOKEN}` },
      { 'x-api-key': STORED },
    ],
  ])('%s %o', async (path, headers, expected) => {
    const { url, seen, log } = await start({ providerKeys: stored });
    const answer = await post(`${url}/v1/acme/locked/${path}`, headers as Record<string, string>);
    expect(answer.status).toBe(200);
    expect(seen[0]?.headers).toMatchObject(expected);
    expect(JSON.stringify(seen)).not.toContain(TOKEN);
    expect(log.events()[0]).toMatchObject({ token_id: 'team-a', api_key_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  it('a token in the query is taken out of it, and no token goes upstream beside a real key', async () => {
    const { url, seen } = await start({ providerKeys: stored });
    const google = `${url}/v1/acme/locked/google-ai-studio/v1beta/models/m:generateContent`;
    await post(`${google}?alt=sse&key=${TOKEN}`, {});
    await post(`${google}?key=${TOKEN}&alt=sse`, {});
    await post(`${url}/v1/acme/locked/anthropic/v1/messages`, { 'x-api-key': OWN, authorization: `Bearer ${TOKEN}` });
    expect(seen.map((sent) => sent.url.split('?')[1] ?? '')).toEqual(['alt=sse', 'alt=sse', '']);
    expect(seen[2]?.headers).toMatchObject({ 'x-api-key': OWN });
    expect(seen[2]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(seen)).not.toContain(TOKEN);
  });

  it('cf-aig-byok-alias chooses the key; one that is not there, or not for this caller, is 400/2040', async () => {
    const { url, seen } = await start({
      providerKeys: { openai: { default: key(STORED), eu: key('sk-eu'), other: key('sk-x', { gateways: ['open'] }) } },
      tokens: { all: token(TOKEN), few: token('weir_few', { keyAliases: ['eu'] }) },
    });
    const path = `${url}/v1/acme/locked/openai/v1/chat/completions`;
    const ask = (alias: string | undefined, text = TOKEN): Promise<Answer> =>
      post(path, { 'cf-aig-authorization': text, ...(alias === undefined ? {} : { 'cf-aig-byok-alias': alias }) });
    expect((await ask('eu')).status).toBe(200);
    expect((await ask('eu', 'weir_few')).status).toBe(200);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-eu', 'Bearer sk-eu']);
    for (const [alias, text] of [['us'], ['other'], ['default', 'weir_few']] as const) {
      expect(errorOf(await ask(alias, text))).toEqual({
        status: 400,
        code: 2040,
        message: `Provider 'openai' has no BYOK credential named '${alias}'.`,
      });
    }
    expect(seen).toHaveLength(2);
  });

  it('without a token a stored key is used only where the owner says so', async () => {
    const providerKeys = {
      openai: { default: key(STORED) },
      anthropic: { default: key(STORED, { withoutToken: true }) },
    };
    const { url, seen } = await start({ providerKeys });
    await post(`${url}/openai/v1/chat/completions`, {});
    await post(`${url}/anthropic/v1/messages`, {});
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(seen[1]?.headers).toMatchObject({ 'x-api-key': STORED });
  });
});

describe('a universal call', () => {
  const steps = (...more: object[]): string =>
    JSON.stringify([
      { provider: 'openai', endpoint: 'chat/completions', query: { model: 'gpt-4o' }, ...more[0] },
      { provider: 'anthropic', endpoint: 'v1/messages', query: { model: 'claude-x' }, ...more[1] },
    ]);
  const universal = (url: string, headers: Record<string, string>, body = steps()): Promise<Answer> =>
    post(`${url}/v1/acme/locked`, headers, body);
  const providerKeys = { openai: { default: key(STORED) } };

  it.each([
    ['none', {}, 401],
    ['cf-aig-authorization', { 'cf-aig-authorization': `Bearer ${TOKEN}` }, 200],
    ['authorization', { authorization: `Bearer ${TOKEN}` }, 200],
    ['a wrong one', { authorization: `Bearer ${OWN}` }, 401],
  ])('is admitted by the token of the whole: %s', async (_name, headers, status) => {
    const { url, seen, log } = await start({ providerKeys });
    expect((await universal(url, headers as Record<string, string>)).status).toBe(status);
    expect(seen.map((sent) => sent.headers.authorization)).toEqual(status === 200 ? [`Bearer ${STORED}`] : []);
    if (status === 200) expect(log.events()[0]?.token_id).toBe('team-a');
  });

  it('may not go where its token may not; the step is told before anything is sent', async () => {
    const tokens = { t: token(TOKEN, { providers: ['openai'], models: ['gpt-4o'] }) };
    const { url, seen } = await start({ providerKeys, tokens });
    expect((await universal(url, { 'cf-aig-authorization': TOKEN })).status).toBe(403);
    const one = JSON.stringify({ provider: 'openai', endpoint: 'chat/completions', query: { model: 'gpt-5' } });
    expect((await universal(url, { 'cf-aig-authorization': TOKEN }, one)).status).toBe(403);
    expect(seen).toHaveLength(0);
  });

  it("a step's own provider key goes before the stored one", async () => {
    const { url, seen } = await start({ providerKeys });
    const body = steps({ headers: { Authorization: `Bearer ${OWN}` } });
    await universal(url, { 'cf-aig-authorization': TOKEN }, body);
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${OWN}`);
  });
});

it('I8 no token and no stored key reaches a log line, an event, an error or an answer header', async () => {
  const { url, log, telemetry, ingress } = await start({
    providerKeys: {
      openai: { default: key(STORED) },
      'aws-bedrock': { default: { ...PROVIDER_KEY_DEFAULTS, accessKeyId: 'AKIAX', secretAccessKey: STORED } },
    },
  });
  const answers: Answer[] = [];
  for (const gateway of ['locked', 'open', 'none']) {
    for (const sent of [TOKEN, `${TOKEN}x`]) {
      const base = `${url}/v1/acme/${gateway}`;
      answers.push(
        await post(`${base}/openai/v1/chat/completions`, { authorization: `Bearer ${sent}`, cookie: sent }),
        await post(`${base}/openai/v1/chat/completions?key=${sent}`, { 'cf-aig-authorization': sent }),
        await post(`${base}/openai/v1/chat/completions`, { 'cf-aig-authorization': sent, 'cf-aig-byok-alias': 'no' }),
        await post(`${base}/aws-bedrock/bedrock-runtime/us-east-1/model/m/converse`, { authorization: sent }),
      );
    }
  }
  expect(() => ingress.value.reload({ providerKeys: { nobody: { default: key(STORED) } } })).toThrowError(
    expect.not.stringContaining(STORED),
  );
  expect(() => ingress.value.reload({ providerKeys: { openai: { default: key(`${STORED}\n`) } } })).toThrowError(
    expect.not.stringContaining(STORED),
  );
  const shown = answers.map((answer) => `${answer.rawHeaders.join()}${answer.body.toString()}`);
  const text = [...log.values.map(String), ...telemetry.lines, ...shown, ...telemetry.counts.keys()].join('\n');
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(STORED);
  expect(text).not.toContain('token-of-team-a');
});
