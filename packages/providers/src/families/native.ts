import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';
import { readChatDocument } from './chat.ts';
import {
  addFinish,
  addPreview,
  type Draft,
  PREVIEW_CHARACTERS,
  type ReadContext,
  setError,
  takeUsage,
  usageClaim,
} from './draft.ts';
import { familyOfUsage } from './family-of-usage.ts';

/** Ollama native: counts stand at the top of the `done` object. */
export function readOllamaDocument(draft: Draft, document: JsonObject): void {
  draft.model ||= textAt(document, 'model');
  addFinish(draft, document['done_reason']);
  addPreview(draft, textAt(document, 'response') || textAt(objectAt(document, 'message'), 'content'));
  if (document['eval_count'] === undefined && document['prompt_eval_count'] === undefined) return;
  const keys = Object.keys(document).filter((key) => key.endsWith('_count') || key.endsWith('_duration'));
  draft.family = 'ollama';
  draft.usage = Object.fromEntries(keys.map((key) => [key, document[key]]));
  draft.usageRaw = jsonText(draft.usage);
  // A prompt that was cached is not counted at all, so a missing or zero count is not to be trusted.
  if (!document['prompt_eval_count'] && textAt(document, 'done_reason') !== 'load')
    draft.flags.push('prompt_not_counted');
}

/** Ollama lines: the one with `done: true` counts. */
export function readOllamaStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { data } of events) {
    if (/"done":\s*true/.test(data)) readOllamaDocument(draft, asObject(parseJson(data)) ?? {});
    else if (data.startsWith('{"error"')) setError(draft, asObject(parseJson(data))?.['error'], '', true);
    else if (draft.preview.length < PREVIEW_CHARACTERS) {
      addPreview(draft, stringAfter(data, 'content') ?? stringAfter(data, 'response'));
    }
    if (draft.model === '') draft.model = stringAfter(data, 'model') ?? '';
  }
}

/** A Replicate prediction: official models count tokens, the others bill time, which is kept in the raw object. */
export function readReplicateDocument(draft: Draft, document: JsonObject, text: string): void {
  draft.id = textAt(document, 'id');
  draft.model ||= textAt(document, 'model');
  const status = textAt(document, 'status');
  if (status !== 'starting' && status !== 'processing') addFinish(draft, status);
  if (status === 'failed') setError(draft, textAt(document, 'error') || 'the prediction failed', '', false);
  const output = document['output'];
  addPreview(draft, Array.isArray(output) ? output.filter((part) => typeof part === 'string').join('') : output);
  takeUsage(draft, 'replicate', document['metrics'], text, ['metrics']);
  draft.claim = usageClaim(draft.id, document['created_at']);
}

/** Replicate SSE: output events carry plain text; there is no usage. */
export function readReplicateStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { name, data } of events) {
    if (name === 'output') addPreview(draft, data);
    else if (name === 'error') setError(draft, data, name, true);
    else if (name === 'done') addFinish(draft, textAt(asObject(parseJson(data)), 'reason') || 'done');
  }
}

/** Workers AI envelope `{result, success, errors}` around what a model answers. */
export function readWorkersDocument(draft: Draft, document: JsonObject, text: string, context: ReadContext): void {
  const errors = arrayAt(document, 'errors');
  if (document['success'] === false && errors.length > 0) setError(draft, errors[0], '', false);
  const result = objectAt(document, 'result');
  if (result === undefined) return;
  if (Array.isArray(result['choices'])) readChatDocument(draft, result, '', context);
  else addPreview(draft, result['response'] ?? result['text']);
  const usage = objectAt(result, 'usage');
  if (usage !== undefined) takeUsage(draft, familyOfUsage(usage, context), usage, text, ['result', 'usage']);
}

/** Workers AI native stream: `response` pieces, and cumulative usage in each of them or in the last. */
export function readWorkersStream(draft: Draft, events: readonly StreamEvent[], context: ReadContext): void {
  for (const { data } of events) {
    if (draft.preview.length < PREVIEW_CHARACTERS) addPreview(draft, stringAfter(data, 'response'));
  }
  const event = events.findLast(({ data }) => /"usage"\s*:\s*\{/.test(data));
  const usage = objectAt(asObject(parseJson(event?.data ?? '')), 'usage');
  if (event === undefined || usage === undefined) return;
  takeUsage(draft, familyOfUsage(usage, context), usage, event.data, ['usage']);
}

/** Vertex `:predict`: embeddings count tokens in each prediction. */
export function readVertexPredict(draft: Draft, document: JsonObject): void {
  let tokens = 0;
  let found = false;
  for (const item of arrayAt(document, 'predictions')) {
    const statistics = objectAt(objectAt(asObject(item), 'embeddings'), 'statistics');
    const count = statistics?.['token_count'];
    if (typeof count !== 'number') continue;
    tokens += count;
    found = true;
  }
  const characters = objectAt(document, 'metadata')?.['billableCharacterCount'];
  if (typeof characters === 'number' && Number.isSafeInteger(characters) && characters > 0) {
    draft.units.inputCharacters = characters;
  }
  if (!found) return;
  draft.family = 'counted';
  draft.usage = { input_tokens: tokens, output_tokens: 0 };
  draft.usageRaw = jsonText(draft.usage);
}

/** Hugging Face text-generation-inference: only output is counted. */
export function readTgi(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { data } of events) {
    const body = parseJson(data);
    const chunk = asObject(Array.isArray(body) ? body[0] : body);
    if (typeof chunk?.['generated_text'] === 'string') {
      draft.preview = '';
      addPreview(draft, chunk['generated_text']);
    } else addPreview(draft, objectAt(chunk, 'token')?.['text']);
    const details = objectAt(chunk, 'details');
    if (details === undefined) continue;
    addFinish(draft, details['finish_reason']);
    draft.family = 'counted';
    draft.usage = { input_tokens: arrayAt(details, 'prefill').length, output_tokens: details['generated_tokens'] };
    draft.usageRaw = jsonText(draft.usage);
  }
}

/** Usage that counts no tokens and is kept as it stands: what xAI's media cost, the units of a Bedrock guardrail. */
function otherFamily(usage: JsonObject): string {
  if ('cost_in_usd_ticks' in usage) return 'cost';
  return 'contentPolicyUnits' in usage ? 'guardrail' : '';
}

/** Any other document with a usage object at its top: embeddings, rerank, OCR. */
export function readPlainDocument(draft: Draft, document: JsonObject, text: string, context: ReadContext): void {
  draft.id ||= textAt(document, 'id');
  draft.model ||= textAt(document, 'model');
  addPreview(draft, document['text']);
  for (const key of ['usage', 'usage_info']) {
    const usage = objectAt(document, key);
    const family = usage === undefined ? '' : familyOfUsage(usage, context) || otherFamily(usage);
    if (family !== '' && takeUsage(draft, family, usage, text, [key])) return;
  }
}
