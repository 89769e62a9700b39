import { existsSync, readFileSync } from 'node:fs';
import type { CapturedBody, Exchange } from '../exchange.ts';

const folder = new URL('../../../../../shared/fixtures/', import.meta.url);
const index = new URL('INDEX.json', folder);
/** Whether the recorded bodies are here. */
export const present = existsSync(index);
if (!present) process.stderr.write(`SKIPPED: recorded bodies are absent (${index.pathname})\n`);

export type Json = Readonly<Record<string, unknown>>;
/** One entry of the list of recorded bodies. */
export interface Entry {
  readonly id: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly framing: string;
  readonly status: number;
  readonly model: string | null;
  readonly request_file: string | null;
  readonly response_file: string | null;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly expected: Json | null;
  readonly expected_error?: { readonly category: string; readonly retryable: boolean; readonly mid_stream: boolean };
}

const SLUGS: Readonly<Record<string, string>> = {
  'openai-responses': 'openai',
  perplexity: 'perplexity-ai',
  xai: 'grok',
  'vertex-ai': 'google-vertex-ai',
};
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  sse: 'text/event-stream',
  'aws-eventstream': 'application/vnd.amazon.eventstream',
  ndjson: 'application/x-ndjson',
  binary: 'audio/mpeg',
};

function slugOf(entry: Entry): string {
  if (entry.provider !== 'cross') {
    const known = SLUGS[entry.provider] ?? entry.provider;
    return KNOWN.has(known) ? known : `custom-${known}`;
  }
  if (entry.endpoint.includes('anthropic')) return 'anthropic';
  if (entry.endpoint.includes('bedrock')) return 'aws-bedrock';
  return entry.endpoint.includes('googleapis') ? 'google-ai-studio' : 'openai';
}

const KNOWN = new Set(
  'openai anthropic google-ai-studio google-vertex-ai azure-openai aws-bedrock workers-ai groq grok mistral deepseek cerebras cohere perplexity-ai openrouter huggingface replicate fireworks together voyage sambanova nebius zai ollama'.split(
    ' ',
  ),
);

function body(file: string | null): CapturedBody {
  const bytes = file === null || file === '' ? new Uint8Array() : new Uint8Array(readFileSync(new URL(file, folder)));
  return { head: bytes, tail: new Uint8Array(), bytes: bytes.byteLength };
}

/** The exchange that an entry recorded. */
export function exchangeOf(entry: Entry): Exchange {
  const [method = 'POST', address = ''] = entry.endpoint.replace(/\([^)]*\) ?/g, '').split(' ');
  const path = address.replace(/^[a-z]+:\/\/[^/]*/, '').replace(/^\.\.\./, '/v1');
  return {
    provider: slugOf(entry),
    method: method.toUpperCase(),
    path: path.replace('bedrock-runtime/{model}', 'model/some.model').replace('{model}', entry.model ?? 'some-model'),
    status: entry.status,
    requestContentType: entry.request_file?.endsWith('.txt') ? 'multipart/form-data; boundary=x' : 'application/json',
    responseContentType: entry.response_headers['content-type'] ?? CONTENT_TYPES[entry.framing] ?? '',
    responseHeaders: entry.response_headers,
    request: body(entry.request_file),
    response: body(entry.response_file),
    complete: true,
  };
}

/** Every recorded exchange; empty, and loudly so, when they are absent. */
export const recordedEntries: readonly Entry[] = present
  ? (JSON.parse(readFileSync(index, 'utf8')) as { readonly entries: readonly Entry[] }).entries
  : [];
