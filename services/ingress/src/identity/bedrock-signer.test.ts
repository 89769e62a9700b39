import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { INGRESS_DEFAULTS } from '../config.ts';
import { compileRouting } from '../gateways/routing.ts';
import { call, readBody, startUpstream } from '../testing/http-peers.ts';
import { startTestIngress } from '../testing/test-ingress.ts';
import { type CallTarget, resolveTarget } from '../wire/call-target.ts';
import { bedrockSigner } from './bedrock-signer.ts';
import { PROVIDER_KEY_DEFAULTS } from './identity-config.ts';

const KEY = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: '',
};

interface Received {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The signature that AWS would compute of what it received (Signature Version 4, written from its specification). */
function signatureOf(received: Received): { readonly sent: string; readonly computed: string; readonly scope: string } {
  const header = String(received.headers['authorization']);
  const [, scope = '', signedHeaders = '', sent = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(header) ?? [];
  const [path = '', query = ''] = received.url.split('?');
  const pairs =
    query === '' ? [] : query.split('&').map((pair) => pair.split('=').map(decodeURIComponent).map(encoded));
  const canonical = [
    received.method,
    path.split('/').map(encoded).join('/'),
    pairs
      .map(([name, value = '']) => `${name}=${value}`)
      .sort()
      .join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${String(received.headers[name]).trim()}`),
    '',
    signedHeaders,
    sha256(received.body),
  ].join('\n');
  const [date = '', region = '', service = ''] = scope.split('/');
  const toSign = ['AWS4-HMAC-SHA256', received.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${KEY.secretAccessKey}`, date));
  return { sent, computed: hmac(key, toSign).toString('hex'), scope };
}

describe('requests to Amazon Bedrock', () => {
  it.each([
    ['bedrock-runtime', '/model/anthropic.claude-v2%3A1/converse', 'bedrock'],
    ['bedrock-runtime', '/model/anthropic.claude-v2:1/invoke?b=2&a=x%20y', 'bedrock'],
    ['bedrock-mantle', '/openai/v1/chat/completions', 'bedrock-mantle'],
  ])('%s %s is signed as AWS computes it', async (service, path, name) => {
    const routing = compileRouting(INGRESS_DEFAULTS);
    const target = resolveTarget(`/aws-bedrock/${service}/eu-west-1${path}`, routing, undefined) as CallTarget;
    const body = Buffer.from('{"x":"ü"}');
    const headers = await bedrockSigner(KEY).headers({ method: 'POST', target, body });
    const received = { method: 'POST', url: target.path, headers: { ...headers, host: target.host }, body };
    const { sent, computed, scope } = signatureOf(received);
    expect(sent).toBe(computed);
    expect(scope).toMatch(new RegExp(`^\\d{8}/eu-west-1/${name}/aws4_request$`));
    expect(signatureOf({ ...received, body: Buffer.from('{}') }).computed).not.toBe(sent);
  });

  it('I2 I8 over the wire: body and path are the client’s, the signature holds, the secret is nowhere', async () => {
    const seen: Received[] = [];
    const upstream = await startUpstream(async (request, response) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: await readBody(request) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const config = { ...PROVIDER_KEY_DEFAULTS, ...KEY, sessionToken: 'session-1', withoutToken: true };
    const { ingress, url, log, telemetry } = await startTestIngress(upstream.url, {
      providers: { 'aws-bedrock': { baseUrl: upstream.url } },
      providerKeys: { bedrock: { default: config } },
    });
    const answer = await call(`${url}/aws-bedrock/bedrock-runtime/us-east-1/model/m%3A0/converse`, {
      method: 'POST',
      body: '{"messages":[]}',
      headers: { 'transfer-encoding': 'chunked', 'x-amz-date': 'nonsense', 'x-amz-content-sha256': 'nonsense' },
    });
    expect(answer.status).toBe(200);
    const [received] = seen;
    if (received === undefined) throw new Error('nothing was received');
    expect(received.url).toBe('/model/m%3A0/converse');
    expect(received.body.toString()).toBe('{"messages":[]}');
    expect(received.headers['x-amz-security-token']).toBe('session-1');
    const { sent, computed } = signatureOf(received);
    expect(sent).toBe(computed);
    expect([...log.values.map(String), ...telemetry.lines].join()).not.toMatch(/wJalrXUtnFEMI|session-1/);
    await ingress.stop();
    await upstream.stop();
  });
});
