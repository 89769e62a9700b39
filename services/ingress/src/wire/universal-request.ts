import { WeirError } from '@weir/kernel';
import { elementSpans, type JsonSpan, memberSpans } from './json-spans.ts';

/** One step of a universal request, as the client wrote it (reference: cloudflare-ai-gateway.md §1.4). */
export interface UniversalStep {
  readonly provider: string;
  /** Path and query after the provider, no leading slash. */
  readonly endpoint: string;
  /** Names as written; no two are equal but for case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The bytes of `query` as they stand in the request. */
  readonly query: Buffer;
  /** `cf-aig-*` headers that say the same as `config`. */
  readonly config: Readonly<Record<string, string>>;
}

const STEPS_MAX = 16;
const HEADERS_MAX = 64;
const PROVIDER = /^[a-z0-9][a-z0-9._-]{0,79}$/i;
const ENDPOINT = /^[\x21-\x7e]{0,4096}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/i;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Fields of `config` and the headers that they stand for, with the limits of the contract. */
const CONFIG = [
  ['requestTimeout', 'cf-aig-request-timeout', 0, 999_999_999],
  ['maxAttempts', 'cf-aig-max-attempts', 1, 5],
  ['retryDelay', 'cf-aig-retry-delay', 0, 5_000],
] as const;
const BACKOFFS: readonly unknown[] = ['constant', 'linear', 'exponential'];

/**
 * Reads an array of steps, or one step. A `query` keeps its bytes: numbers, escapes and unknown fields go to the provider
 * as they were written (I2).
 * @throws WeirError `INGRESS_UNIVERSAL_INVALID` that names the field.
 */
export function readUniversalRequest(body: Buffer): readonly UniversalStep[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('the body is not JSON');
  }
  const spans = Array.isArray(parsed) ? elementSpans(body) : [{ start: 0, end: body.length }];
  const values: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (values.length > STEPS_MAX) throw invalid(`the body has more than ${STEPS_MAX} steps`);
  if (values.length === 0) throw invalid('the body has no steps');
  return values.map((value, index) => {
    const name = Array.isArray(parsed) ? `[${index}]` : '';
    return readStep(value, { body, span: spans?.[index], name });
  });
}

interface Place {
  readonly body: Buffer;
  readonly span: JsonSpan | undefined;
  /** Of the step, e.g. `[0]`; '' for a step that stands alone. */
  readonly name: string;
}

function readStep(value: unknown, place: Place): UniversalStep {
  const step = objectOf(value, place.name === '' ? 'the body' : place.name);
  const field = (name: string): string => (place.name === '' ? name : `${place.name}.${name}`);
  const { provider, endpoint = '', headers = {}, authorization, config = {} } = step;
  if (typeof provider !== 'string' || !PROVIDER.test(provider)) {
    throw invalid(`${field('provider')} must be the name of a provider`);
  }
  if (typeof endpoint !== 'string' || !ENDPOINT.test(endpoint)) {
    throw invalid(`${field('endpoint')} must be a path, percent-encoded`);
  }
  const span = place.span === undefined ? undefined : memberSpans(place.body, place.span.start)?.get('query');
  if (span === undefined) throw invalid(`${field('query')} must be the request body of the provider`);
  return {
    provider,
    endpoint: endpoint.replace(/^\/+/, ''),
    headers: headersOf(headers, authorization, field),
    query: place.body.subarray(span.start, span.end),
    config: configOf(objectOf(config, field('config')), field),
  };
}

function headersOf(value: unknown, authorization: unknown, field: (name: string) => string): Map<string, string> {
  const headers = new Map<string, string>();
  const seen = new Set<string>();
  const add = (name: string, text: string, where: string): void => {
    if (!HEADER_NAME.test(name)) throw invalid(`${field('headers')} has a name that no header can have`);
    if (!HEADER_VALUE.test(text)) throw invalid(`${where} has characters that no header can have`);
    if (seen.has(name.toLowerCase())) throw invalid(`${where} is given twice`);
    seen.add(name.toLowerCase());
    headers.set(name, text);
  };
  const entries = Object.entries(objectOf(value, field('headers')));
  if (entries.length > HEADERS_MAX) {
    throw invalid(`${field('headers')} has more than ${HEADERS_MAX} headers`);
  }
  for (const [name, content] of entries) {
    const where = `${field('headers')}.${HEADER_NAME.test(name) ? name : '?'}`;
    if (content === null || content === undefined) throw invalid(`${where} must be a string`);
    add(name, typeof content === 'object' ? JSON.stringify(content) : String(content), where);
  }
  if (authorization === undefined || seen.has('authorization')) return headers;
  if (typeof authorization !== 'string') throw invalid(`${field('authorization')} must be a string`);
  add('Authorization', authorization, field('authorization'));
  return headers;
}

function configOf(config: Readonly<Record<string, unknown>>, field: (name: string) => string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, header, least, most] of CONFIG) {
    const value = config[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw invalid(`${field('config')}.${name} must be a whole number from ${least} to ${most}`);
    }
    headers[header] = String(value);
  }
  const { backoff } = config;
  if (backoff === undefined) return headers;
  if (!BACKOFFS.includes(backoff)) {
    throw invalid(`${field('config')}.backoff must be one of ${BACKOFFS.join(', ')}`);
  }
  return { ...headers, 'cf-aig-backoff': String(backoff) };
}

function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${name} must be an object`);
}

const invalid = (message: string): WeirError => new WeirError('INGRESS_UNIVERSAL_INVALID', message);
