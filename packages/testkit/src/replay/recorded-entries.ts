import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nearest, WeirError } from '@weir/kernel';
import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import { type ApiReply, servedFacts } from './api-call.ts';
import { asArray, asCount, asObject, asText, type JsonObject } from './json-access.ts';

/** Set by the server for the body it sends, so the recorded ones would lie. */
const OWN_HEADERS = new Set(['content-length', 'content-encoding', 'transfer-encoding', 'connection']);

/** Recorded responses by entry id. */
export interface RecordedEntries {
  readonly ids: readonly string[];
  /** @throws WeirError `TESTKIT_ENTRY_UNKNOWN` when the index has no such entry. */
  reply(id: string): ApiReply;
}

/**
 * Opens a directory of recorded bodies by its INDEX.json (the entries' `response_file`, `status`, `response_headers`,
 * `expected`). Bodies are read when they are served.
 * @throws WeirError `TESTKIT_INDEX_INVALID` when the index has no entries; Node's error when it cannot be read.
 */
export function openRecordedEntries(directory: string): RecordedEntries {
  const index = asObject(JSON.parse(readFileSync(join(directory, 'INDEX.json'), 'utf8')));
  const entries = new Map(asArray(index['entries']).map((entry) => [asText(asObject(entry)['id']), asObject(entry)]));
  if (entries.size === 0) throw new WeirError('TESTKIT_INDEX_INVALID', `no entries in INDEX.json of ${directory}`);
  return {
    ids: [...entries.keys()],
    reply: (id) => {
      const entry = entries.get(id);
      if (entry !== undefined) return recordedReply(directory, id, entry);
      const near = nearest(id, entries.keys());
      const hint = near === undefined ? {} : { fix: `Did you mean "${near}"?` };
      throw new WeirError('TESTKIT_ENTRY_UNKNOWN', `no recorded entry "${id}"`, hint);
    },
  };
}

function recordedReply(directory: string, id: string, entry: JsonObject): ApiReply {
  const body = readFileSync(join(directory, asText(entry['response_file'])));
  const headers = Object.entries(asObject(entry['response_headers'])).filter(([name]) => !OWN_HEADERS.has(name));
  const expected = asObject(entry['expected']);
  // Null, or other units only: guardrails, seconds, searches.
  const usage = 'input_tokens' in expected ? usageOf(expected) : null;
  return {
    status: asCount(entry['status']) ?? 200,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    chunks: splitEvents(body, asText(entry['framing'])),
    midStreamError: '',
    facts: servedFacts({
      model: asText(entry['model']),
      stream: entry['stream'] === true,
      responseId: id,
      usage,
      usageReported: usage !== null,
    }),
  };
}

/** Splits text streams behind each line feed that ends an event, so that pacing and faults see events. */
function splitEvents(body: Buffer, framing: string): Uint8Array[] {
  const separator = framing === 'sse' ? '\n\n' : framing === 'ndjson' ? '\n' : '';
  if (separator === '') return [body];
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (;;) {
    const at = body.indexOf(separator, from);
    if (at < 0) break;
    chunks.push(body.subarray(from, at + separator.length));
    from = at + separator.length;
  }
  if (from < body.length) chunks.push(body.subarray(from));
  return chunks;
}

/** The normal form of an entry's `expected` counts (gross, as in providers.md §0). */
function usageOf(expected: JsonObject): TokenUsage {
  const count = (name: string): number => asCount(expected[name]) ?? 0;
  return {
    ...EMPTY_USAGE,
    inputTokens: count('input_tokens'),
    outputTokens: count('output_tokens'),
    totalTokens: count('total_tokens'),
    cacheReadTokens: count('cached_input_tokens'),
    cacheWriteTokens: count('cache_write_tokens'),
    cacheWrite5mTokens: count('cache_write_5m_tokens'),
    cacheWrite1hTokens: count('cache_write_1h_tokens'),
    reasoningTokens: count('reasoning_tokens'),
    inputAudioTokens: count('input_audio_tokens'),
    outputAudioTokens: count('output_audio_tokens'),
    inputImageTokens: count('input_image_tokens'),
    outputImageTokens: count('output_image_tokens'),
    inputVideoTokens: count('input_video_tokens'),
    toolUsePromptTokens: count('tool_use_prompt_tokens'),
  };
}
