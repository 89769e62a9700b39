import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';
import { contentText } from './chat.ts';
import { addFinish, addPreview, type Draft, PREVIEW_CHARACTERS, setError, takeUsage } from './draft.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'x-amzn-bedrock-input-token-count': 'inputTokenCount',
  'x-amzn-bedrock-output-token-count': 'outputTokenCount',
  'x-amzn-bedrock-cache-read-input-token-count': 'cacheReadInputTokenCount',
  'x-amzn-bedrock-cache-write-input-token-count': 'cacheWriteInputTokenCount',
};

/** A Converse answer. */
export function readConverseDocument(draft: Draft, document: JsonObject, text: string): void {
  takeUsage(draft, 'converse', document['usage'], text, ['usage']);
  addFinish(draft, document['stopReason']);
  addPreview(draft, contentText(objectAt(objectAt(document, 'output'), 'message')?.['content']));
  draft.serviceTier = textAt(objectAt(document, 'serviceTier'), 'type') || draft.serviceTier;
}

/** Converse events: usage is in `metadata`, after `messageStop`; exceptions end the stream (providers.md §2.5). */
export function readConverseStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { name, data } of events) {
    if (name === 'contentBlockDelta') {
      if (draft.preview.length < PREVIEW_CHARACTERS && !data.includes('"reasoningContent"')) {
        addPreview(draft, stringAfter(data, 'text'));
      }
    } else if (name === 'messageStop') addFinish(draft, stringAfter(data, 'stopReason'));
    else if (name === 'metadata') readConverseDocument(draft, asObject(parseJson(data)) ?? {}, data);
    else if (name.endsWith('Exception') || name.endsWith('Error')) {
      setError(draft, asObject(parseJson(data)) ?? data, name, true);
    }
  }
}

/** Titan, Llama and Nova bodies of InvokeModel; false when the body is none of these (providers.md §1, last list). */
export function readInvokeDocument(draft: Draft, document: JsonObject, text: string): boolean {
  if (typeof document['inputTextTokenCount'] === 'number') {
    const results = arrayAt(document, 'results').map(asObject);
    const output = results.reduce((sum, result) => sum + Number(result?.['tokenCount'] ?? 0), 0);
    const streamed = Number(document['totalOutputTextTokenCount'] ?? 0);
    draft.family = 'counted';
    draft.usage = { input_tokens: document['inputTextTokenCount'], output_tokens: output || streamed };
    draft.usageRaw = jsonText(draft.usage);
    addFinish(draft, results[0]?.['completionReason'] ?? document['completionReason']);
    addPreview(draft, results[0]?.['outputText'] ?? document['outputText']);
    return true;
  }
  if (typeof document['generation_token_count'] === 'number') {
    const { prompt_token_count, generation_token_count } = document;
    draft.family = 'llama';
    draft.usage = { prompt_token_count, generation_token_count };
    draft.usageRaw = jsonText(draft.usage);
    addFinish(draft, document['stop_reason']);
    addPreview(draft, document['generation']);
    return true;
  }
  if (objectAt(document, 'usage') === undefined || !('inputTokens' in (objectAt(document, 'usage') ?? {})))
    return false;
  readConverseDocument(draft, document, text);
  return true;
}

/** Usage of the last inner event (`amazon-bedrock-invocationMetrics`), for models whose own events carry none. */
export function readInvocationMetrics(draft: Draft, events: readonly StreamEvent[]): void {
  const key = 'amazon-bedrock-invocationMetrics';
  const event = events.findLast(({ data }) => data.includes(key));
  if (event === undefined) return;
  const metrics = asObject(parseJson(event.data))?.[key];
  if (takeUsage(draft, 'invmetrics', metrics, event.data, [key])) draft.partial = false;
}

/** Token counts of the response headers: the fallback of InvokeModel, and the only source for Mistral. */
export function readBedrockHeaders(draft: Draft, headers: Readonly<Record<string, string>>): void {
  if (headers['x-amzn-bedrock-input-token-count'] === undefined) return;
  const counts: Record<string, string> = {};
  for (const [header, key] of Object.entries(HEADERS)) {
    const value = headers[header];
    if (value !== undefined) counts[key] = value;
  }
  draft.family = 'invmetrics';
  draft.usage = counts;
  draft.usageRaw = jsonText(counts);
}
