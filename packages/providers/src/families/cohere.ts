import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import { contentText } from './chat.ts';
import { addFinish, addPreview, type Draft, PREVIEW_CHARACTERS, setError, takeUsage } from './draft.ts';

/** Cohere v1 (`meta`) and v2 (`usage`) chat, embed and rerank answers. */
export function readCohereDocument(draft: Draft, document: JsonObject, text: string): void {
  draft.id ||= textAt(document, 'generation_id') || textAt(document, 'id') || textAt(document, 'response_id');
  addFinish(draft, document['finish_reason']);
  addPreview(draft, textAt(document, 'text') || contentText(objectAt(document, 'message')?.['content']));
  if (!takeUsage(draft, 'cohere', document['usage'], text, ['usage'])) {
    takeUsage(draft, 'cohere', document['meta'], text, ['meta']);
  }
}

/** Cohere v2 SSE and v1 NDJSON: usage is in the last event (reference: providers.md §2.6). */
export function readCohereStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { name, data } of events) {
    if (name === 'message-start' || data.includes('"message-start"') || data.includes('"stream-start"')) {
      const start = asObject(parseJson(data));
      draft.id ||= textAt(start, 'id') || textAt(start, 'generation_id');
    } else if (data.includes('"message-end"')) {
      const delta = objectAt(asObject(parseJson(data)), 'delta');
      addFinish(draft, delta?.['finish_reason']);
      setError(draft, delta?.['error'], name, true);
      takeUsage(draft, 'cohere', delta?.['usage'], data, ['delta', 'usage']);
    } else if (data.includes('"stream-end"')) {
      const end = asObject(parseJson(data));
      addFinish(draft, end?.['finish_reason']);
      takeUsage(draft, 'cohere', objectAt(end, 'response')?.['meta'], data, ['response', 'meta']);
    } else if (draft.preview.length < PREVIEW_CHARACTERS && /content-delta|text-generation/.test(data)) {
      addPreview(draft, stringAfter(data, 'text'));
    }
  }
}
