import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CacheKey } from '@weir/response-cache';
import type { Call } from '../ledger/call-record.ts';

/** Request headers that make another answer of the same body; the contract leaves them out of the key. */
const VARYING = [
  'accept',
  'content-type',
  'content-encoding',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
] as const;

/**
 * The key of a call: the name its caller chose, or a digest of provider, path, credential (as its fingerprint) and body,
 * which holds the model (reference: cloudflare-ai-gateway.md §3). Metadata is not part of it.
 */
export function cacheKey(call: Call, headers: IncomingHttpHeaders, chosenName: string, bodySha256: string): CacheKey {
  const { account, gateway, provider, path } = call.target;
  if (chosenName !== '') return { account, gateway, name: chosenName, chosen: true };
  const parts = [provider, call.target.origin, path, call.apiKeyId, bodySha256];
  for (const name of VARYING) parts.push(String(headers[name] ?? ''));
  return { account, gateway, name: hash('sha256', JSON.stringify(parts), 'hex'), chosen: false };
}
