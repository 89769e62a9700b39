import { eventJson } from '../framing/event-json.ts';
import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import { addFinish, addPreview, type Draft, PREVIEW_CHARACTERS, setError, takeUsage } from './draft.ts';

/** Names of the numbers that gRPC transcoding puts in their place. */
const TRAFFIC_TYPES: readonly string[] = ['', 'ON_DEMAND', 'PROVISIONED_THROUGHPUT'];

/** One generateContent, embedContent or Live answer. */
export function readGeminiDocument(draft: Draft, document: JsonObject, text: string): void {
  takeChunk(draft, document);
  takeUsage(draft, 'gemini', document['usageMetadata'], text, ['usageMetadata']);
  takeTier(draft);
}

/**
 * Gemini chunks: each `usageMetadata` replaces the one before, and the last with a total counts; chunks before may hold
 * only the traffic type (reference: providers.md §2.4).
 */
export function readGeminiStream(draft: Draft, events: readonly StreamEvent[]): void {
  let counted = false;
  let finished = false;
  events.forEach((event, index) => {
    const { data } = event;
    counted ||= data.includes('"totalTokenCount"');
    if (data.includes('"finishReason"')) finished = true;
    const previewed = draft.preview.length >= PREVIEW_CHARACTERS;
    const matters =
      (!previewed && data.includes('"thought"')) ||
      index === 0 ||
      data.includes('"finishReason"') ||
      data.includes('"error"') ||
      data.includes('"webSearchQueries"');
    if (matters) takeChunk(draft, eventJson(event), event);
    else if (!previewed) addPreview(draft, stringAfter(data, 'text'));
  });
  if (!counted) return;
  // The very last one may have been cut, and then the one before it counts.
  for (let index = events.length - 1; index >= 0 && draft.usage === undefined; index -= 1) {
    const data = events[index]?.data ?? '';
    const chunk = data.includes('"totalTokenCount"') ? asObject(parseJson(data)) : undefined;
    takeUsage(draft, 'gemini', chunk?.['usageMetadata'], data, ['usageMetadata']);
  }
  draft.partial = !finished;
  takeTier(draft);
}

/** Interactions API, one document. */
export function readInteractionDocument(draft: Draft, document: JsonObject, text: string): void {
  takeInteraction(draft, document, text, []);
}

/** Interactions API events: the last event with usage counts. */
export function readInteractionStream(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { data } of events) {
    if (data.includes('"step.delta"')) addPreview(draft, stringAfter(data, 'text'));
    if (!data.includes('"interaction"')) continue;
    const interaction = objectAt(asObject(parseJson(data)), 'interaction');
    if (interaction !== undefined) takeInteraction(draft, interaction, data, ['interaction']);
  }
}

function takeInteraction(draft: Draft, interaction: JsonObject, text: string, path: readonly string[]): void {
  draft.id ||= textAt(interaction, 'id');
  draft.model ||= textAt(interaction, 'model');
  draft.serviceTier = textAt(interaction, 'service_tier') || draft.serviceTier;
  const status = textAt(interaction, 'status');
  if (status !== 'in_progress') addFinish(draft, status);
  takeUsage(draft, 'interactions', interaction['usage'], text, [...path, 'usage']);
  for (const item of arrayAt(interaction, 'steps')) {
    const step = asObject(item);
    if (step?.['type'] === 'model_output') addPreview(draft, firstText(arrayAt(step, 'content')));
  }
}

function takeChunk(draft: Draft, chunk: JsonObject | undefined, event?: StreamEvent): void {
  if (chunk === undefined) return;
  draft.id ||= textAt(chunk, 'responseId');
  draft.model ||= textAt(chunk, 'modelVersion');
  setError(draft, chunk['error'], event?.name ?? '', event !== undefined);
  addFinish(draft, objectAt(chunk, 'promptFeedback')?.['blockReason']);
  for (const item of arrayAt(chunk, 'candidates')) {
    const candidate = asObject(item);
    addFinish(draft, candidate?.['finishReason']);
    addPreview(draft, firstText(arrayAt(objectAt(candidate, 'content'), 'parts')));
    takeSearches(draft, objectAt(candidate, 'groundingMetadata'));
  }
}

/** Gemini 2 bills a grounded prompt once, later models every query (reference: pricing.md §2.2). */
function takeSearches(draft: Draft, grounding: JsonObject | undefined): void {
  const queries = arrayAt(grounding, 'webSearchQueries').length;
  if (queries === 0) return;
  draft.units.webSearches = /gemini-[12]\b/.test(draft.model) ? 1 : Math.max(queries, draft.units.webSearches ?? 0);
}

function takeTier(draft: Draft): void {
  const traffic = draft.usage?.['trafficType'];
  draft.serviceTier =
    textAt(draft.usage, 'serviceTier') ||
    (typeof traffic === 'number' ? (TRAFFIC_TYPES[traffic] ?? '') : textAt(draft.usage, 'trafficType')) ||
    draft.serviceTier;
}

function firstText(parts: readonly unknown[]): string {
  for (const item of parts) {
    const part = asObject(item);
    if (part?.['thought'] !== true && textAt(part, 'text') !== '') return textAt(part, 'text');
  }
  return '';
}
