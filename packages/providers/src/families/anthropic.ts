import { eventJson } from '../framing/event-json.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';
import { contentText } from './chat.ts';
import { addFinish, addPreview, type Draft, PREVIEW_CHARACTERS, setError, takeUsage } from './draft.ts';

/** An Anthropic message. */
export function readAnthropicDocument(draft: Draft, document: JsonObject, text: string): void {
  takeMessage(draft, document);
  takeUsage(draft, 'anthropic', document['usage'], text, ['usage']);
  addPreview(draft, contentText(arrayAt(document, 'content')));
}

/**
 * Anthropic events: `message_start` gives usage and lifetimes of cache writes, `message_delta` overrides counts and
 * never adds; a repeated `message_start` replaces the message (reference: providers.md §2.3).
 */
export function readAnthropicStream(draft: Draft, events: readonly StreamEvent[]): void {
  let start: JsonObject | undefined;
  let delta: JsonObject | undefined;
  for (const event of events) {
    const { data } = event;
    if (isContent(event)) {
      if (draft.preview.length < PREVIEW_CHARACTERS && data.includes('text_delta')) {
        addPreview(draft, stringAfter(data, 'text'));
      }
      continue;
    }
    const body = eventJson(event);
    if (body === undefined) continue;
    if (body['type'] === 'message_start') {
      const message = objectAt(body, 'message');
      draft.model = '';
      draft.id = '';
      takeMessage(draft, message);
      start = objectAt(message, 'usage');
      delta = undefined;
    } else if (body['type'] === 'message_delta') {
      addFinish(draft, objectAt(body, 'delta')?.['stop_reason']);
      delta = objectAt(body, 'usage') ?? delta;
    } else if (body['type'] === 'error' || (event.name === 'error' && 'error' in body)) {
      setError(draft, body['error'] ?? body, event.name, true);
    }
  }
  if (start === undefined && delta === undefined) return;
  const merged = { ...start, ...withoutNulls(delta) };
  draft.family = 'anthropic';
  draft.usage = merged;
  draft.usageRaw = jsonText(merged);
  draft.serviceTier = textAt(merged, 'service_tier') || draft.serviceTier;
  // Without its start, or with nothing after it, the counts are not the whole of it.
  draft.partial = delta === undefined || (start === undefined && !('input_tokens' in delta));
}

function isContent({ name, data }: StreamEvent): boolean {
  return name === '' || name === 'chunk'
    ? /^\{\s*"type"\s*:\s*"content_block_delta"/.test(data)
    : name === 'content_block_delta';
}

function withoutNulls(usage: JsonObject | undefined): JsonObject {
  if (usage === undefined) return {};
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}

function takeMessage(draft: Draft, message: JsonObject | undefined): void {
  draft.id ||= textAt(message, 'id');
  draft.model ||= textAt(message, 'model');
  const usage = objectAt(message, 'usage');
  draft.serviceTier = textAt(usage, 'service_tier') || draft.serviceTier;
  const region = textAt(usage, 'inference_geo');
  if (region !== '' && region !== 'not_available') draft.region = region;
  addFinish(draft, message?.['stop_reason']);
}
