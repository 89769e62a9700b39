import { hash } from 'node:crypto';
import type { RequestEvent } from '@weir/events';
import { isRepeatableCall } from '@weir/providers';

const KEY_DIGITS = 32;

/**
 * Names what a request asks for: equal for requests that the gateway's cache would answer alike, by provider, address,
 * credential and body. '' for a call that is not of a kind to be cached. From it the ledger tells what a cache would save.
 */
export function cacheKey(event: RequestEvent): string {
  if (!isRepeatableCall(event.method, event.path, event.provider)) return '';
  const parts = [event.provider, event.path, event.api_key_id, event.request_content_type, event.request_sha256];
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, KEY_DIGITS);
}
