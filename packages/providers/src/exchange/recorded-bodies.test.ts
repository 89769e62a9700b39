import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CapturedBody, Exchange, ExchangeFacts } from '../exchange.ts';
import { toExpected } from '../testing/expected-usage.ts';
import { readExchange } from './read-exchange.ts';

const folder = new URL('../../../../../shared/fixtures/', import.meta.url);
const index = new URL('INDEX.json', folder);
const present = existsSync(index);
if (!present) process.stderr.write(`SKIPPED: recorded bodies are absent (${index.pathname})\n`);

type Json = Readonly<Record<string, unknown>>;
interface Entry {
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

function exchangeOf(entry: Entry): Exchange {
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

function usageDifference(entry: Entry, facts: ExchangeFacts): string {
  const { expected } = entry;
  const { usage } = facts;
  if (expected === null || expected['input_tokens'] === undefined) {
    const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens;
    const items = (expected?.['extras'] as Json | undefined)?.['items'] as readonly Json[] | undefined;
    if (items === undefined) return tokens === 0 ? '' : `${tokens} tokens where none are expected`;
    if (items.length !== facts.usageParts.length) return `${facts.usageParts.length} parts, not ${items.length}`;
    return items
      .map((item, position) => {
        const part = facts.usageParts[position];
        return part === undefined ? 'no part' : toExpected(item, part.usage, null, []);
      })
      .join('');
  }
  return usage === null ? 'no usage' : toExpected(expected, usage, facts.billedUsage, facts.usageParts);
}

function extrasDifference(entry: Entry, facts: ExchangeFacts): string {
  const extras = (entry.expected?.['extras'] ?? {}) as Json;
  const differences: string[] = [];
  const units = facts.usage?.units ?? {};
  const compare = (name: string, want: unknown, have: unknown): void => {
    if (want !== undefined && want !== have) differences.push(`${name} ${String(have)} != ${String(want)}`);
  };
  const tier = extras['service_tier'] ?? extras['serviceTier'] ?? extras['trafficType'];
  compare('tier', tier === 1 ? 'ON_DEMAND' : tier, facts.serviceTier);
  compare('seconds', extras['prompt_audio_seconds'], units.inputAudioSeconds);
  compare('search units', extras['search_units'], units.rerankSearches);
  compare('searches', (extras['server_tool_use'] as Json | undefined)?.['web_search_requests'], units.webSearches);
  compare(
    'searches',
    (extras['server_tool_use_details'] as Json | undefined)?.['web_search_requests'],
    units.webSearches,
  );
  const cost = extras['cost'];
  // A float of the recording is compared as a float; the reader itself never makes one.
  if (typeof cost === 'number' && extras['is_byok'] !== true) compare('cost', cost, Number(facts.reportedCostUsd));
  if (typeof cost === 'object') compare('cost', (cost as Json)['total_cost'], Number(facts.reportedCostUsd));
  compare('cost', extras['cost_usd'], extras['cost_usd'] === undefined ? undefined : Number(facts.reportedCostUsd));
  if (entry.provider === 'xai' && typeof extras['cost_in_usd_ticks'] === 'number') {
    compare('ticks', extras['cost_in_usd_ticks'], Math.round(Number(facts.reportedCostUsd) * 1e10));
  }
  return differences.join('; ');
}

function errorDifference(entry: Entry, facts: ExchangeFacts): string {
  const want = entry.expected_error;
  const have = facts.error;
  if (want === undefined) return have === null ? '' : `unexpected error ${JSON.stringify(have)}`;
  if (have === null) return `no error, not ${want.category}`;
  const same =
    have.category === want.category && have.retryable === want.retryable && have.midStream === want.mid_stream;
  return same ? '' : `${JSON.stringify(have)} != ${JSON.stringify(want)}`;
}

describe.skipIf(!present)('recorded bodies', () => {
  const entries = present
    ? (JSON.parse(readFileSync(index, 'utf8')) as { readonly entries: readonly Entry[] }).entries
    : [];

  it('are all here', () => {
    expect(entries.length).toBeGreaterThanOrEqual(277);
  });

  it.each(entries.map((entry) => [entry.id, entry] as const))('I5 %s', (_, entry) => {
    const facts = readExchange(exchangeOf(entry));
    const differences = [usageDifference(entry, facts), extrasDifference(entry, facts), errorDifference(entry, facts)];
    expect(differences.filter((difference) => difference !== '')).toEqual([]);
  });
});
