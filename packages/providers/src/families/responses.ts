import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';
import { contentText } from './chat.ts';
import { addFinish, addPreview, type Draft, PREVIEW_CHARACTERS, setError, takeUsage, usageClaim } from './draft.ts';

const TERMINAL = /(?<!\\)"type":\s*"response\.(?:completed|incomplete|failed|done)"/;

/** An OpenAI Responses object, a batch, a gpt-image or transcription answer: `usage` with `input_tokens`. */
export function readResponsesDocument(draft: Draft, document: JsonObject, text: string): void {
  takeResponse(draft, document, text, []);
}

/** Responses events: the last terminal event carries the whole response (reference: providers.md §2.2). */
export function readResponsesStream(draft: Draft, events: readonly StreamEvent[]): void {
  let terminal: StreamEvent | undefined;
  for (const event of events) {
    const { data, name } = event;
    if (isDelta(event)) {
      if (draft.preview.length < PREVIEW_CHARACTERS) addPreview(draft, stringAfter(data, 'delta'));
      continue;
    }
    if (name === 'error' || data.includes('"type":"error"')) {
      const value = asObject(parseJson(data));
      setError(draft, value?.['error'] ?? value ?? data, name, true);
    }
    if (TERMINAL.test(data)) terminal = event;
  }
  const chosen = terminal ?? events.find((event) => event.data.includes('"response"'));
  const body = asObject(parseJson(chosen?.data ?? ''));
  const response = objectAt(body, 'response');
  if (chosen === undefined || response === undefined) return;
  takeResponse(draft, response, chosen.data, ['response']);
  if (terminal === undefined) draft.partial = true;
}

function isDelta({ name, data }: StreamEvent): boolean {
  return name === '' ? data.startsWith('{"type":"response.output_text.delta"') : name === 'response.output_text.delta';
}

/** Transcription and image events: the last event with usage ends the stream (reference: providers.md §2.6). */
export function readMediaStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { data } of events) {
    if (data.includes('.delta"')) addPreview(draft, stringAfter(data, 'delta'));
    if (!data.includes('"usage"')) continue;
    takeUsage(draft, 'responses', objectAt(asObject(parseJson(data)), 'usage'), data, ['usage']);
  }
}

/** Realtime: every `response.done` is billed, so their usage is added up. */
export function readRealtime(draft: Draft, events: readonly StreamEvent[]): void {
  const done: JsonObject[] = [];
  for (const event of events) {
    if (!event.data.includes('response.done')) continue;
    const response = objectAt(asObject(parseJson(event.data)), 'response');
    if (response === undefined) continue;
    takeResponse(draft, response, event.data, ['response']);
    const usage = objectAt(response, 'usage');
    if (usage !== undefined) done.push(usage);
  }
  if (draft.usage !== undefined) draft.family = 'realtime';
  if (done.length > 1) {
    draft.parts = done.map((usage) => ({ family: 'realtime', model: draft.model, usage }));
    draft.usageRaw = jsonText(done);
  }
}

function takeResponse(draft: Draft, response: JsonObject, text: string, path: readonly string[]): void {
  draft.id ||= textAt(response, 'id');
  draft.model ||= textAt(response, 'model');
  draft.serviceTier = textAt(response, 'service_tier') || draft.serviceTier;
  setError(draft, response['error'], '', path.length > 0);
  const status = textAt(response, 'status');
  addFinish(draft, textAt(objectAt(response, 'incomplete_details'), 'reason') || status);
  takeUsage(draft, 'responses', response['usage'], text, [...path, 'usage']);
  if (response['background'] === true) draft.claim = usageClaim(draft.id, response['created_at']);
  takeOutput(draft, response);
  if (draft.preview === '') addPreview(draft, textAt(response, 'text'));
}

/** Tool calls are billed by the call and stand in no usage field (reference: providers.md §5). */
function takeOutput(draft: Draft, response: JsonObject): void {
  let searches = 0;
  let fileSearches = 0;
  const containers = new Set<string>();
  const hasPreview = draft.preview !== '';
  for (const item of arrayAt(response, 'output')) {
    const output = asObject(item);
    const type = output?.['type'];
    if (type === 'message' && !hasPreview) addPreview(draft, contentText(output?.['content']));
    else if (type === 'file_search_call') fileSearches += 1;
    else if (type === 'code_interpreter_call') containers.add(textAt(output, 'container_id'));
    else if (type === 'web_search_call') {
      const action = objectAt(output, 'action');
      if (action === undefined || action['type'] === 'search') searches += 1;
    }
  }
  if (searches > 0) draft.units.webSearches = searches;
  if (fileSearches > 0) draft.units.fileSearches = fileSearches;
  if (containers.size > 0) draft.units.codeExecutions = containers.size;
}
