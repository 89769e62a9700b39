import { errorMessage, WeirError } from '@weir/kernel';

/** An OAuth 2.0 client that gets tokens for itself (RFC 6749 §4.4). */
export interface OAuthClient {
  readonly url: string;
  readonly id: string;
  readonly secret: string;
  readonly scope: string;
}

const TIMEOUT_MS = 10_000;

/** @throws WeirError `CLI_TOKEN_REFUSED` without the secret or the token in its text. */
export async function fetchClientToken({ url, id, secret, scope }: OAuthClient): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === '' ? {} : { scope }) });
  // RFC 6749 §2.3.1: both are form-encoded before they are joined.
  const credentials = [id, secret].map(encodeURIComponent).join(':');
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { authorization },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    throw refused(url, errorMessage(cause), cause);
  }
  if (!response.ok) throw refused(url, `status ${response.status}`);
  const answer: unknown = await response.json().catch(() => undefined);
  if (typeof answer === 'object' && answer !== null && 'access_token' in answer) {
    if (typeof answer.access_token === 'string') return answer.access_token;
  }
  throw refused(url, 'the answer holds no access_token');
}

const refused = (url: string, reason: string, cause?: unknown): WeirError =>
  new WeirError('CLI_TOKEN_REFUSED', `no token from ${url}: ${reason}`, {
    cause,
    retriable: true,
    fix: 'Check log.kafka.token_url, username (client id) and password (client secret).',
  });
