import { hash } from 'node:crypto';
import { type Clock, WeirError } from '@weir/kernel';
import type { Credential } from './credential.ts';
import type { StoredKey } from './key-store.ts';
import { GOOGLE_TOKEN_URL, serviceAccountTokens } from './service-account.ts';

/** Finds the service account that an `Authorization` header holds; undefined when it holds something else. */
export type ClientAccounts = (authorization: string) => StoredKey | undefined;

const ACCOUNTS_MAX = 256;
/** An access token or a JWT has dots. */
const ENCODED = /^(?:bearer\s+)?([A-Za-z0-9+/_-]{64,}={0,2})$/i;

/**
 * Clients of Vertex AI may send Google's JSON of a service account, in base64, where an access token would stand
 * (reference: cloudflare-ai-gateway.md §1.4, §4): the token is minted here and kept for the next call. Where a token
 * comes from is never the client's word: an account whose `token_uri` is not `tokenUrl` gets none.
 */
export function createClientAccounts(clock: Clock, tokenUrl: string = GOOGLE_TOKEN_URL): ClientAccounts {
  const known = new Map<string, StoredKey>();
  return (authorization) => {
    const encoded = ENCODED.exec(authorization)?.[1];
    if (encoded === undefined) return undefined;
    const name = hash('sha256', encoded, 'hex');
    const found = known.get(name);
    if (found !== undefined) return found;
    const account = readAccount(Buffer.from(encoded, 'base64').toString('utf8'));
    if (account === undefined) return undefined;
    const key: StoredKey = {
      name: 'google-vertex-ai/client',
      gateway: () => true,
      withoutToken: true,
      subject: account.email,
      credential: credentialOf(account, tokenUrl, clock),
    };
    for (const oldest of known.keys()) {
      if (known.size < ACCOUNTS_MAX) break;
      known.delete(oldest);
    }
    known.set(name, key);
    return key;
  };
}

interface SentAccount {
  readonly json: string;
  readonly email: string;
  readonly tokenUrl: unknown;
}

function readAccount(json: string): SentAccount | undefined {
  try {
    const { client_email: email, private_key: key, token_uri: tokenUrl } = JSON.parse(json) as Record<string, unknown>;
    return typeof email === 'string' && typeof key === 'string' ? { json, email, tokenUrl } : undefined;
  } catch {
    return undefined;
  }
}

function credentialOf({ json, tokenUrl: named }: SentAccount, tokenUrl: string, clock: Clock): Credential {
  try {
    if (named !== undefined && named !== tokenUrl) throw failed(`its token_uri is not ${tokenUrl}`);
    return serviceAccountTokens(json, 'Authorization', clock);
  } catch (error) {
    return { needsBody: false, headers: () => Promise.reject(error) };
  }
}

const failed = (reason: string): WeirError =>
  new WeirError('INGRESS_CREDENTIAL_FAILED', `no access token for the client's service account: ${reason}`);
