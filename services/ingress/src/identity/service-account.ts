import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { type Clock, errorMessage, WeirError } from '@weir/kernel';
import type { Credential } from './credential.ts';

/** What of a service account's JSON is used. */
interface ServiceAccount {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string;
  readonly tokenUrl: string;
}

interface AccessToken {
  readonly authorization: string;
  /** Ms since the epoch. */
  readonly expiresAt: number;
}

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Where Google's service accounts get their tokens. */
export const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const ASSERTION_SECONDS = 3_600;
const TIMEOUT_MS = 10_000;
/** A token is made anew this long before it ends, while the old one still serves. */
const REFRESH_BEFORE_MS = 300_000;
/** A token that ends sooner is not sent any more. */
const USABLE_MS = 10_000;

/**
 * Access tokens of a Google service account (RFC 7523): had with a signed assertion, kept until shortly before they end,
 * one request for all who wait. Nobody waits while a kept one is good.
 * @throws WeirError `INGRESS_CONFIG_INVALID` when the JSON is not one of a service account.
 */
export function serviceAccountTokens(json: string, where: string, clock: Clock): Credential {
  const account = readAccount(json, where);
  let kept: AccessToken | undefined;
  let fetching: Promise<AccessToken> | undefined;
  const refresh = (): Promise<AccessToken> => {
    fetching ??= fetchToken(account, clock)
      .then((token) => {
        kept = token;
        return token;
      })
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  };
  const headers = (token: AccessToken) => ({ authorization: token.authorization, 'x-goog-api-key': '' });
  return {
    needsBody: false,
    headers() {
      const left = (kept?.expiresAt ?? 0) - clock.now();
      if (kept === undefined || left < USABLE_MS) return refresh().then(headers);
      // A failure shows when the kept one has ended.
      if (left < REFRESH_BEFORE_MS) refresh().catch(() => undefined);
      return headers(kept);
    },
  };
}

function readAccount(json: string, where: string): ServiceAccount {
  const invalid = (reason: string): WeirError =>
    new WeirError('INGRESS_CONFIG_INVALID', `${where} is not the JSON of a service account: ${reason}`, {
      fix: 'Give the file that Google made for the key: ${file:service-account.json}.',
    });
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(json) as Record<string, unknown>;
  } catch {
    // The message of the parser would quote it.
    throw invalid('it cannot be parsed');
  }
  const { client_email: email, private_key: key, private_key_id: keyId, token_uri: tokenUrl } = value;
  if (typeof email !== 'string' || typeof key !== 'string') throw invalid('client_email or private_key is missing');
  try {
    return {
      email,
      key: createPrivateKey(key),
      keyId: typeof keyId === 'string' ? keyId : '',
      tokenUrl: typeof tokenUrl === 'string' ? tokenUrl : GOOGLE_TOKEN_URL,
    };
  } catch {
    throw invalid('private_key is no key');
  }
}

async function fetchToken(account: ServiceAccount, clock: Clock): Promise<AccessToken> {
  const askedAt = clock.now();
  let answer: { readonly access_token?: unknown; readonly expires_in?: unknown };
  try {
    const response = await fetch(account.tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: GRANT, assertion: assertionOf(account, askedAt) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // The body of a refusal may quote the assertion.
    if (!response.ok) throw new Error(`status ${response.status}`);
    answer = (await response.json()) as typeof answer;
  } catch (cause) {
    throw refused(errorMessage(cause));
  }
  const { access_token: token, expires_in: seconds } = answer;
  if (typeof token !== 'string' || typeof seconds !== 'number') throw refused('the answer holds no access_token');
  return { authorization: `Bearer ${token}`, expiresAt: askedAt + seconds * 1000 };
}

const refused = (reason: string): WeirError =>
  new WeirError('INGRESS_CREDENTIAL_FAILED', `no access token for the service account: ${reason}`, { retriable: true });

function assertionOf({ email, key, keyId, tokenUrl }: ServiceAccount, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === '' ? {} : { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUrl, iat: issuedAt, exp: issuedAt + ASSERTION_SECONDS };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}
