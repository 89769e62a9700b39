import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { OwnHeaders } from '../wire/call-target.ts';
import type { Credential, CredentialRequest } from './credential.ts';

export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** '' for a key that is not temporary. */
  readonly sessionToken: string;
}

/** The client's own attempts at a signature must not go along. */
const UNSIGNED: OwnHeaders = {
  authorization: '',
  'x-api-key': '',
  'x-amz-date': '',
  'x-amz-security-token': '',
  'x-amz-content-sha256': '',
};
const MANTLE = 'bedrock-mantle';

/** Signs each request to Amazon Bedrock (Signature Version 4), over its method, path, query, host and body. */
export function bedrockSigner(key: AwsKey): Credential {
  return { needsBody: true, headers: (request) => sign(key, request) };
}

async function sign(key: AwsKey, { method, target, body }: CredentialRequest): Promise<OwnHeaders> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const queryAt = target.path.indexOf('?');
  const signer = new SignatureV4({
    service: target.host.startsWith(MANTLE) ? MANTLE : 'bedrock',
    region: target.region,
    credentials: {
      accessKeyId: key.accessKeyId,
      secretAccessKey: key.secretAccessKey,
      ...(key.sessionToken === '' ? {} : { sessionToken: key.sessionToken }),
    },
    sha256: NodeSha256,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method,
    protocol: 'https:',
    hostname: target.host,
    path: queryAt < 0 ? target.path : target.path.slice(0, queryAt),
    query: queryAt < 0 ? {} : queryOf(target.path.slice(queryAt + 1)),
    headers: { host: target.host },
    body: body ?? undefined,
  });
  const { host: _, ...headers } = signed.headers;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...UNSIGNED, ...Object.fromEntries(lower) };
}

function queryOf(query: string): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) values[name] = [...(values[name] ?? []), value];
  return values;
}

/** Node's SHA-256 in the shape that the signer asks for. */
class NodeSha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('not used');
  }
}

function bytesOf(source: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof source === 'string') return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}
