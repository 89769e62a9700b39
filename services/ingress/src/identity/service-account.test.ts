import { createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { call, readBody, startUpstream } from '../testing/http-peers.ts';
import { startTestIngress } from '../testing/test-ingress.ts';
import type { CredentialRequest } from './credential.ts';
import { PROVIDER_KEY_DEFAULTS } from './identity-config.ts';
import { serviceAccountTokens } from './service-account.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const REQUEST = {} as CredentialRequest;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A token server that checks the assertion as Google does, and numbers its tokens. */
async function startTokenServer() {
  const claims: Record<string, unknown>[] = [];
  const server = { url: '', status: 200, claims };
  const peer = await startUpstream(async (request, response) => {
    const form = new URLSearchParams((await readBody(request)).toString());
    const [header = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const genuine = createVerify('RSA-SHA256').update(`${header}.${body}`).verify(publicKey, signature, 'base64url');
    if (!genuine || form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer' || server.status !== 200) {
      response.writeHead(genuine ? server.status : 401).end(form.get('assertion'));
      return;
    }
    claims.push(JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ access_token: `ya29.token-${claims.length}`, expires_in: 3600, token_type: 'Bearer' }),
    );
  });
  stops.push(peer.stop);
  server.url = peer.url;
  return server;
}

const accountOf = (tokenUrl: string): string =>
  JSON.stringify({
    client_email: 'svc@p.iam.gserviceaccount.com',
    private_key: pem,
    private_key_id: 'k1',
    token_uri: tokenUrl,
  });

describe('access tokens of a service account', () => {
  it('are had once for all who ask, kept, and had anew before they end, without anybody waiting', async () => {
    const server = await startTokenServer();
    let now = 1_800_000_000_000;
    const credential = serviceAccountTokens(accountOf(server.url), 'x', { now: () => now, monotonic: () => now });
    const first = await Promise.all(Array.from({ length: 20 }, () => credential.headers(REQUEST)));
    expect(new Set(first.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer ya29.token-1']));
    expect(server.claims).toEqual([
      {
        iss: 'svc@p.iam.gserviceaccount.com',
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        aud: server.url,
        iat: now / 1000,
        exp: now / 1000 + 3600,
      },
    ]);
    now += 3_000_000;
    expect(credential.headers(REQUEST)).toEqual(first[0]);
    now += 400_000;
    // Less than five minutes are left: the kept one still serves, a new one is on its way.
    expect(credential.headers(REQUEST)).toEqual(first[0]);
    await expect.poll(() => credential.headers(REQUEST)).toMatchObject({ authorization: 'Bearer ya29.token-2' });
    expect(server.claims).toHaveLength(2);
  });

  it('I8 a server that refuses is an error without the assertion; the next call asks again', async () => {
    const server = await startTokenServer();
    const credential = serviceAccountTokens(accountOf(server.url), 'x', { now: () => 1e12, monotonic: () => 0 });
    server.status = 403;
    await expect(credential.headers(REQUEST)).rejects.toMatchObject({
      code: 'INGRESS_CREDENTIAL_FAILED',
      message: 'no access token for the service account: status 403',
    });
    server.status = 200;
    await expect(credential.headers(REQUEST)).resolves.toMatchObject({ authorization: 'Bearer ya29.token-1' });
  });

  it('I8 JSON that is none is told without a word of it', () => {
    for (const json of ['{"private_key":', '{}', '{"client_email":"a","private_key":"sk-nonsense"}']) {
      expect(() =>
        serviceAccountTokens(json, 'provider_keys.v.default', { now: () => 0, monotonic: () => 0 }),
      ).toThrowError(expect.objectContaining({ message: expect.not.stringMatching(/sk-nonsense|\{/) }));
    }
  });
});

it('I8 a call to Vertex AI carries the access token; one that cannot have it is 502/2106 and has no row', async () => {
  const server = await startTokenServer();
  const seen: unknown[] = [];
  const upstream = await startUpstream((request, response) => {
    seen.push(request.headers.authorization);
    request.resume();
    response.end('{}');
  });
  const { ingress, url, log, telemetry } = await startTestIngress(upstream.url, {
    providers: { 'google-vertex-ai': { baseUrl: upstream.url } },
    providerKeys: {
      'google-vertex-ai': {
        default: { ...PROVIDER_KEY_DEFAULTS, serviceAccount: accountOf(server.url), withoutToken: true },
      },
    },
  });
  stops.push(upstream.stop, () => ingress.stop());
  const path = `${url}/google-vertex-ai/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent`;
  server.status = 500;
  const refused = await call(path, { method: 'POST', body: '{}' });
  expect([refused.status, JSON.parse(refused.body.toString()).error[0].code]).toEqual([502, 2106]);
  expect(log.values).toHaveLength(0);
  server.status = 200;
  for (let turn = 0; turn < 3; turn += 1) expect((await call(path, { method: 'POST', body: '{}' })).status).toBe(200);
  expect(seen).toEqual(Array.from({ length: 3 }, () => 'Bearer ya29.token-1'));
  const text = [...log.values.map(String), ...telemetry.lines].join();
  expect(text).toContain('google-vertex-ai/default');
  expect(text).not.toMatch(/ya29|BEGIN PRIVATE KEY|eyJ/);
});
