import type { IncomingHttpHeaders } from 'node:http';

const BACKOFFS = ['constant', 'linear', 'exponential'] as const;
export type Backoff = (typeof BACKOFFS)[number];

/** How often one provider is asked, and how long is waited in between. */
export interface RetryPolicy {
  /** 1: asked once. */
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly backoff: Backoff;
}

/** How a call is to be carried out. */
export interface CallPolicy {
  readonly retry: RetryPolicy;
  /** Time to the head of an answer; undefined when nobody asked for one. */
  readonly timeoutMs: number | undefined;
  /** Which of the caller's wishes could not be met as they stand, printable ASCII; '' when all could. */
  readonly warning: string;
}

/** Limits of the wire contract (reference: cloudflare-ai-gateway.md §2.1, §5.2). */
const ATTEMPTS_MAX = 5;
const DELAY_MS_MAX = 5_000;
const TIMEOUT_MS_MAX = 999_999_999;

const HEADERS = {
  attempts: 'cf-aig-max-attempts',
  delay: 'cf-aig-retry-delay',
  backoff: 'cf-aig-backoff',
  timeout: 'cf-aig-request-timeout',
} as const;

/**
 * Reads the `cf-aig-*` headers that say how a call is carried out, over the `defaults` of its gateway. A number beyond
 * its limit counts as the limit, what cannot be read as absent; a warning says so, and the call goes on.
 */
export function readCallPolicy(headers: IncomingHttpHeaders, defaults: CallPolicy): CallPolicy {
  const attempts = headers[HEADERS.attempts];
  const delay = headers[HEADERS.delay];
  const backoff = headers[HEADERS.backoff];
  const timeout = headers[HEADERS.timeout];
  if ((attempts ?? delay ?? backoff ?? timeout) === undefined) return defaults;
  const warnings: string[] = [];
  const read = (name: string, value: string | string[] | undefined, least: number, most: number, fallback: number) => {
    if (value === undefined) return fallback;
    const text = String(value).trim();
    if (!/^\d{1,12}$/.test(text)) {
      warnings.push(`${name} is not a whole number`);
      return fallback;
    }
    const number = Math.min(most, Math.max(least, Number(text)));
    if (number !== Number(text)) warnings.push(`${name} is taken as ${number}`);
    return number;
  };
  const known = BACKOFFS.find((name) => name === String(backoff).toLowerCase());
  if (backoff !== undefined && known === undefined)
    warnings.push(`${HEADERS.backoff} is not one of ${BACKOFFS.join(', ')}`);
  const timeoutMs = read(HEADERS.timeout, timeout, 0, TIMEOUT_MS_MAX, defaults.timeoutMs ?? 0);
  return {
    retry: {
      maxAttempts: read(HEADERS.attempts, attempts, 1, ATTEMPTS_MAX, defaults.retry.maxAttempts),
      delayMs: read(HEADERS.delay, delay, 0, DELAY_MS_MAX, defaults.retry.delayMs),
      backoff: known ?? defaults.retry.backoff,
    },
    timeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    warning: [defaults.warning, ...warnings].filter((part) => part !== '').join('; '),
  };
}
