import type { IngressErrorCode } from '../errors.ts';
import type { RetryPolicy } from '../wire/call-policy.ts';

/** Of a computed delay, how much chance may add or take, so that clients that failed together do not return together. */
const JITTER = 0.2;

const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 409, 429]);
/** Failures that the next try may not meet. What is wrong with the request or with Weir itself stays wrong. */
const RETRIED_CODES: ReadonlySet<IngressErrorCode> = new Set<IngressErrorCode>([
  'UPSTREAM_REFUSED',
  'UPSTREAM_DNS',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_TLS',
  'UPSTREAM_CONNECT_TIMEOUT',
  'UPSTREAM_FIRST_BYTE_TIMEOUT',
  'UPSTREAM_IDLE_TIMEOUT',
  'UPSTREAM_RESET',
  'UPSTREAM_BAD_RESPONSE',
  'UPSTREAM_FAILED',
]);

/** Whether the same provider may be asked again after this answer; it may say so itself with `x-should-retry`. */
export function isRetriedAnswer(status: number, headers: Readonly<Record<string, string>>): boolean {
  if (status < 400) return false;
  const said = headers['x-should-retry'];
  if (said === 'true' || said === 'false') return said === 'true';
  return status >= 500 || RETRIED_STATUSES.has(status);
}

/** Whether another attempt may follow a failure that gave no answer. */
export function isRetriedFailure(code: IngressErrorCode | ''): boolean {
  return code !== '' && RETRIED_CODES.has(code);
}

/** The wait before the attempt after attempt number `attempt` (1 = the first), ms; `random` is in [0, 1). */
export function retryDelayMs({ delayMs, backoff }: RetryPolicy, attempt: number, random: number): number {
  const factor = backoff === 'constant' ? 1 : backoff === 'linear' ? attempt : 2 ** (attempt - 1);
  return Math.round(delayMs * factor * (1 - JITTER + 2 * JITTER * random));
}

const SECONDS = /^\d{1,9}(?:\.\d{1,6})?$/;

/** What the provider asks to wait, ms: `retry-after-ms`, else `retry-after` in seconds or as a date; 0 when nothing. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number {
  const exact = headers['retry-after-ms'];
  if (exact !== undefined && SECONDS.test(exact)) return Math.ceil(Number(exact));
  const text = headers['retry-after'];
  if (text === undefined) return 0;
  if (SECONDS.test(text)) return Math.ceil(Number(text) * 1_000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
