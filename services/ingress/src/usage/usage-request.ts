import { type JsonSpan, memberSpans } from '../wire/json-spans.ts';

/** Which calls are made to tell their usage: of providers known to take the option, of custom ones too, or none. */
export type IncludeUsage = 'known' | 'all' | 'off';

/** Providers that tell the usage of a chat stream only when asked (reference: providers.md §3). */
const TELL_WHEN_ASKED: ReadonlySet<string> = new Set([
  'openai',
  'azure-openai',
  'sambanova',
  'nebius',
  'huggingface',
  'ollama',
]);
const PATH = /\/(?:chat\/)?completions(?:\?|$)/;
const AZURE_VERSION = /[?&]api-version=(\d{4}-\d{2}-\d{2})/;
/** The first version of Azure's API that takes `stream_options`. */
const AZURE_SINCE = '2024-09-01';
const OPTION = '"include_usage":true';

interface UsageCall {
  readonly method: string;
  readonly provider: string;
  readonly path: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** Whether a call's stream would tell its usage if it were asked to, and would not otherwise. */
export function mayAddUsage(call: UsageCall, setting: IncludeUsage): boolean {
  const { method, provider, path, contentType, contentEncoding } = call;
  if (setting === 'off' || method !== 'POST' || contentEncoding !== '' || !PATH.test(path)) return false;
  if (contentType !== '' && !contentType.startsWith('application/json')) return false;
  if (provider.startsWith('custom-')) return setting === 'all';
  if (!TELL_WHEN_ASKED.has(provider)) return false;
  const version = provider === 'azure-openai' ? AZURE_VERSION.exec(path)?.[1] : undefined;
  return version === undefined || version >= AZURE_SINCE;
}

/**
 * The request with `stream_options.include_usage` added; undefined when it is no stream, says itself what it wants, or
 * cannot be read. Every other byte stays as it is. A request without the word `stream` costs one search.
 */
export function withUsageAsked(body: Buffer): Buffer | undefined {
  if (!body.includes('"stream"')) return undefined;
  const members = memberSpans(body);
  if (members === undefined || textOf(body, members.get('stream')) !== 'true') return undefined;
  const options = members.get('stream_options');
  if (options === undefined) return inserted(body, body.indexOf('{') + 1, `"stream_options":{${OPTION}},`);
  const known = memberSpans(body, options.start);
  if (known === undefined || known.has('include_usage')) return undefined;
  return inserted(body, options.start + 1, known.size === 0 ? OPTION : `${OPTION},`);
}

const textOf = (body: Buffer, span: JsonSpan | undefined): string =>
  span === undefined ? '' : body.toString('latin1', span.start, span.end);

function inserted(body: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([body.subarray(0, at), Buffer.from(text), body.subarray(at)]);
}
