import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const CACHE_ENTRIES_MAX = 4096;
const FINGERPRINT_DIGITS = 16;
const SCHEME = /^(?:bearer|token|key|basic)\s+/i;
const AWS_ACCESS_KEY = /^AWS4-[A-Z0-9-]+\s+Credential=([^/,\s]+)/;
const QUERY_KEY = /[?&]key=([^&]+)/;

/** Names a credential without revealing it; '' for none. */
export type KeyFingerprint = (
  headers: IncomingHttpHeaders,
  credentialHeaders: readonly string[],
  path: string,
) => string;

/**
 * The first 16 hex digits of HMAC-SHA256(pepper, credential): the same after a restart and on every instance with the
 * same pepper. The scheme word is not part of it, and of an AWS signature only the access key id is, since the
 * signature differs for each request. The last few thousand are remembered, oldest out first.
 */
export function createKeyFingerprint(pepper: string): KeyFingerprint {
  const known = new Map<string, string>();
  return (headers, credentialHeaders, path) => {
    const credential = credentialOf(headers, credentialHeaders, path);
    if (credential === '') return '';
    const cached = known.get(credential);
    if (cached !== undefined) return cached;
    const fingerprint = createHmac('sha256', pepper).update(credential).digest('hex').slice(0, FINGERPRINT_DIGITS);
    if (known.size >= CACHE_ENTRIES_MAX) {
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    }
    known.set(credential, fingerprint);
    return fingerprint;
  };
}

function credentialOf(headers: IncomingHttpHeaders, names: readonly string[], path: string): string {
  for (const name of names) {
    const value = headers[name];
    if (typeof value !== 'string' || value === '') continue;
    return AWS_ACCESS_KEY.exec(value)?.[1] ?? value.replace(SCHEME, '');
  }
  return QUERY_KEY.exec(path)?.[1] ?? '';
}
