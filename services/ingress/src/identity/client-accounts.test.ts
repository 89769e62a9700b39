import { generateKeyPairSync } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { call, startUpstream } from '../testing/http-peers.ts';
import { startTestIngress } from '../testing/test-ingress.ts';
import { createClientAccounts } from './client-accounts.ts';
import type { CredentialRequest } from './credential.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
const REQUEST = {} as CredentialRequest;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startPeer() {
  const calls: (string | undefined)[] = [];
  const peer = await startUpstream((request, response) => {
    calls.push(request.headers.authorization);
    request.resume();
    response.end(JSON.stringify({ access_token: `ya29.${calls.length}`, expires_in: 3600 }));
  });
  stops.push(peer.stop);
  return { url: peer.url, calls };
}

const header = (account: object): string => `Bearer ${Buffer.from(JSON.stringify(account)).toString('base64')}`;
const accountOf = (tokenUrl: string) => ({
  client_email: 'svc@p.iam.gserviceaccount.com',
  private_key: pem,
  token_uri: tokenUrl,
  region: 'us-central1',
});

it('a service account in the header is minted a token, once for all its calls', async () => {
  const server = await startPeer();
  const accounts = createClientAccounts(clock, server.url);
  const sent = header(accountOf(server.url));
  const [first, again] = [accounts(sent), accounts(sent)];
  expect(first).toMatchObject({ name: 'google-vertex-ai/client', subject: 'svc@p.iam.gserviceaccount.com' });
  expect(again).toBe(first);
  expect(await first?.credential.headers(REQUEST)).toMatchObject({ authorization: 'Bearer ya29.1' });
  expect(await again?.credential.headers(REQUEST)).toMatchObject({ authorization: 'Bearer ya29.1' });
  expect(server.calls).toHaveLength(1);
});

it.each([
  ['an access token', `Bearer ya29.${'a'.repeat(200)}`],
  ['a JWT', `Bearer ${'eyJhbGciOiJSUzI1NiJ9'.repeat(5)}.e30.${'a'.repeat(80)}`],
  ['JSON of something else', header({ client_email: 'a', filler: 'x'.repeat(80) })],
  ['bytes that are no JSON', `Bearer ${Buffer.alloc(90, 7).toString('base64')}`],
  ['nothing', ''],
])('%s goes on as it came', (_, authorization) => {
  expect(createClientAccounts(clock)(authorization)).toBeUndefined();
});

it('I8 a client does not say where tokens are fetched: its token_uri is not called, and it gets 502/2106', async () => {
  const victim = await startPeer();
  const upstream = await startPeer();
  const { ingress, url, log, telemetry } = await startTestIngress(upstream.url, {
    providers: { 'google-vertex-ai': { baseUrl: upstream.url } },
  });
  stops.push(() => ingress.stop());
  const path = `${url}/google-vertex-ai/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent`;
  const ask = (authorization: string) => call(path, { method: 'POST', body: '{}', headers: { authorization } });
  const refused = await ask(header(accountOf(victim.url)));
  expect([refused.status, JSON.parse(refused.body.toString()).error[0].code]).toEqual([502, 2106]);
  expect(victim.calls).toEqual([]);
  expect(upstream.calls).toEqual([]);
  expect(telemetry.lines.join()).not.toMatch(/BEGIN PRIVATE KEY|eyJ/);
  // A token of the client's own is not touched.
  expect((await ask('Bearer ya29.own')).status).toBe(200);
  expect(upstream.calls).toEqual(['Bearer ya29.own']);
  expect(log.values).toHaveLength(1);
});
