import type { ErrorCategory, Exchange, ProviderError } from '../exchange.ts';
import type { Draft } from '../families/draft.ts';
import type { FramedBody } from '../framing/frame-body.ts';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';

const MESSAGE_CHARACTERS = 300;
const RETRYABLE: ReadonlySet<ErrorCategory> = new Set(['rate_limited', 'overloaded', 'server_error']);

interface Signals {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Everything that names the error, in lower case. */
  readonly words: string;
}

/** The error of an exchange, by status, body and events; null when it succeeded (reference: providers.md §4.2). */
export function providerError(
  exchange: Exchange,
  provider: string,
  draft: Draft,
  body: FramedBody,
): ProviderError | null {
  const failed = exchange.status < 100 || exchange.status >= 400;
  if (!failed && draft.error === undefined) return null;
  const midStream = !failed && draft.errorInStream;
  const signals = signalsOf(exchange, draft, body, failed);
  const category = provider === 'openrouter' && midStream ? ('provider_error' as const) : categoryOf(signals);
  return {
    category,
    code: signals.code.slice(0, 100),
    message: signals.message.slice(0, MESSAGE_CHARACTERS),
    retryable: RETRYABLE.has(category),
    midStream,
  };
}

function signalsOf(exchange: Exchange, draft: Draft, body: FramedBody, failed: boolean): Signals {
  const document = body.kind === 'document' ? asObject(body.value) : undefined;
  const text = body.kind === 'opaque' ? body.text : body.kind === 'fragments' ? body.head : '';
  const value = draft.error ?? document ?? text;
  const error = asObject(value);
  const reason = arrayAt(error, 'details')
    .map((item) => textAt(asObject(item), 'reason'))
    .find((item) => item !== '');
  const named = [
    scalar(error?.['code']),
    reason ?? '',
    textAt(error, 'type'),
    scalar(error?.['status']),
    scalar(document?.['code']),
    textAt(document, 'error_type'),
    textAt(objectAt(error, 'details'), 'error_code'),
    (exchange.responseHeaders['x-amzn-errortype'] ?? '').split(':', 1)[0] ?? '',
    draft.errorName === 'error' ? '' : draft.errorName,
  ].filter((item) => item !== '');
  const message = messageOf(error, document, value);
  const inner = Number(error?.['status_code'] ?? error?.['code'] ?? 0);
  const innerStatus = Number.isInteger(inner) && inner >= 400 && inner < 600 ? inner : 0;
  return {
    status: failed ? exchange.status : innerStatus,
    // A word says more than a number that repeats the status.
    code: named.find((item) => !/^\d+$/.test(item)) ?? named[0] ?? '',
    message,
    words: `${named.join(' ')} ${message}`.toLowerCase(),
  };
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function messageOf(error: JsonObject | undefined, document: JsonObject | undefined, value: unknown): string {
  if (typeof value === 'string') return value;
  for (const object of [error, document]) {
    for (const key of ['message', 'detail', 'error', 'title', 'msg']) {
      const found = object?.[key];
      if (typeof found === 'string' && found !== '') return found;
      if (Array.isArray(found)) return jsonText(found);
    }
  }
  return '';
}

const CONTEXT =
  /context_length|context length|context window|prompt is too long|too_many_tokens|too many tokens|input tokens exceeded|too_many_prompt_tokens|input is too long/;
const QUOTA =
  /insufficient_quota|billing_error|spend limit|spend_limit|credit balance|insufficient balance|insufficient credits/;
const AUTH =
  /api_key_invalid|invalid_api_key|incorrect api key|invalid api key|authentication_error|permission_error|permission_denied|unauthenticated|accessdenied|expiredtoken|unrecognizedclient/;
const NOT_FOUND = /model_not_found|not_found_error|resourcenotfound|deploymentnotfound/;
const RATE = /rate_limit|ratelimit|resource_exhausted|throttling|too many requests|modelnotready/;
const OVERLOADED = /overloaded|serviceunavailable|\bunavailable\b/;
const SERVER =
  /server_error|api_error|timeout_error|internalserver|modeltimeout|modelstreamerror|modelerror|\binternal\b/;

function categoryOf({ status, words }: Signals): ErrorCategory {
  if (status === 499 || /\bcancelled\b/.test(words)) return 'cancelled';
  if (status !== 429 && status < 500 && CONTEXT.test(words)) return 'context_length_exceeded';
  if (status === 402 || (status < 500 && QUOTA.test(words))) return 'quota_exhausted';
  if (status === 401 || status === 403 || ((status === 0 || status === 400) && AUTH.test(words))) return 'auth';
  if (status === 429) return 'rate_limited';
  if (status === 404 || (status <= 400 && NOT_FOUND.test(words))) return 'not_found';
  if (status === 503 || status === 529) return 'overloaded';
  if (status >= 500 || status === 408) return 'server_error';
  if (status >= 400) return 'invalid_request';
  if (RATE.test(words)) return 'rate_limited';
  if (OVERLOADED.test(words)) return 'overloaded';
  if (words.trim() === '' || SERVER.test(words)) return 'server_error';
  return 'invalid_request';
}
