import type { TokenUsage } from '@weir/usage';
import type { JsonObject } from './json-access.ts';
import type { Compose } from './synthesis/compose-completion.ts';

/** A request, as the API handlers see it. */
export interface ApiCall {
  /** Slug: the first segment of the path. */
  readonly provider: string;
  /** Path after the slug, with a leading slash, percent-encoding kept, no query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Groups of the route's pattern, percent-decoded. */
  readonly groups: readonly string[];
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
}

/** What the response used, and what of it the response says. */
export interface ServedFacts {
  readonly model: string;
  readonly stream: boolean;
  /** Id in the body; '' when the API has none. */
  readonly responseId: string;
  /** Null when nothing is billed (an error, a free endpoint). */
  readonly usage: TokenUsage | null;
  /** What is priced where that differs from `usage` (Cohere's billed units). */
  readonly billedUsage: TokenUsage | null;
  /** False when the body leaves the usage out, e.g. an OpenAI stream without `include_usage`. */
  readonly usageReported: boolean;
  /** The cost the body reports, US dollars as decimal text; '' when it reports none. */
  readonly reportedCostUsd: string;
}

/** A response ready to be written: each chunk is one write, so a stream has one chunk per event. */
export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly (string | Uint8Array)[];
  /** Sent in place of the remaining chunks when a fault asks for an error in mid-stream; '' where there is no form. */
  readonly midStreamError: string | Uint8Array;
  readonly facts: ServedFacts;
}

export interface ApiContext {
  readonly compose: Compose;
  /** Tokens per stream event. */
  readonly tokensPerChunk: number;
}

export type ApiHandler = (call: ApiCall, context: ApiContext) => ApiReply;

/** Groups token pieces into the texts of stream events. */
export function groupPieces(pieces: readonly string[], size: number): string[] {
  const groups: string[] = [];
  for (let at = 0; at < pieces.length; at += size) groups.push(pieces.slice(at, at + size).join(''));
  return groups;
}

/** One server-sent event; without a name it is a bare `data:` line. */
export function sseEvent(data: unknown, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`;
}

const NOTHING_SPECIAL = { billedUsage: null, usageReported: true, reportedCostUsd: '' } as const;

export function servedFacts(
  facts: Pick<ServedFacts, 'model' | 'stream' | 'responseId' | 'usage'> & Partial<ServedFacts>,
): ServedFacts {
  return { ...NOTHING_SPECIAL, ...facts };
}

/** A whole JSON response. */
export function jsonReply(body: unknown, facts: ServedFacts, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    chunks: [JSON.stringify(body)],
    midStreamError: '',
    facts,
  };
}

/** A server-sent event stream. */
export function sseReply(
  chunks: readonly string[],
  midStreamError: string,
  facts: ServedFacts,
  headers: Readonly<Record<string, string>> = {},
): ApiReply {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers },
    chunks,
    midStreamError,
    facts,
  };
}
