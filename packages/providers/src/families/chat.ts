import { eventJson } from '../framing/event-json.ts';
import { parseJson } from '../framing/frame-body.ts';
import { stringAfter } from '../framing/json-scan.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import {
  addFinish,
  addPreview,
  type Draft,
  PREVIEW_CHARACTERS,
  type ReadContext,
  setError,
  takeUsage,
} from './draft.ts';
import { familyOfUsage } from './family-of-usage.ts';

/** OpenAI chat and legacy completions, one document. */
export function readChatDocument(draft: Draft, document: JsonObject, text: string, context: ReadContext): void {
  takeIdentity(draft, document);
  for (const item of arrayAt(document, 'choices')) {
    const choice = asObject(item);
    addFinish(draft, choice?.['finish_reason']);
    addPreview(draft, contentText(objectAt(choice, 'message')?.['content'] ?? choice?.['text']));
  }
  takeChatUsage(draft, document, text, context);
}

const USAGE = /"usage"\s*:\s*\{/;

/** A usage object (`null` says nothing), a reason to finish, or an error: one pass in place of a parse. */
const MATTERS = /"(?:usage"\s*:\s*\{|finish_reason"\s*:\s*"|error"\s*:\s*[^n\s])/;

/** Finds whatever `MATTERS` does and more, in less than half the time: no common first letter, so letters are skipped. */
const MAY_MATTER = /(?:usage"|_reason"|error")\s*:\s*[^n\s]/;

/**
 * Chat chunks: the last usage object counts, wherever it comes (own chunk, finish chunk, every chunk, `x_groq`). Only
 * chunks that can matter are parsed; the others are searched as text.
 */
export function readChatStream(draft: Draft, events: readonly StreamEvent[], context: ReadContext): void {
  let identified = false;
  let hasUsage = false;
  for (const event of events) {
    const { data } = event;
    if (!identified) identified = takeIdentity(draft, eventJson(event));
    if (draft.preview.length < PREVIEW_CHARACTERS) addPreview(draft, deltaText(data));
    if (!MAY_MATTER.test(data) || !MATTERS.test(data)) continue;
    hasUsage ||= USAGE.test(data);
    addFinishes(draft, data);
    if (data.includes('"error"')) takeChunkError(draft, event);
  }
  if (!hasUsage) return;
  // The very last one may have been cut, and then the one before it counts.
  for (let index = events.length - 1; index >= 0 && draft.usage === undefined; index -= 1) {
    const data = events[index]?.data ?? '';
    const chunk = USAGE.test(data) ? asObject(parseJson(data)) : undefined;
    if (chunk !== undefined) takeChatUsage(draft, chunk, data, context);
  }
}

function deltaText(data: string): string | undefined {
  const delta = data.indexOf('"delta"');
  return delta >= 0 ? stringAfter(data, 'content', delta) : stringAfter(data, 'text');
}

function addFinishes(draft: Draft, data: string): void {
  for (const match of data.matchAll(/(?<!\\)"finish_reason":\s*"([^"\\]+)"/g)) addFinish(draft, match[1]);
}

function takeChunkError(draft: Draft, event: StreamEvent): void {
  const chunk = asObject(parseJson(event.data));
  setError(draft, chunk?.['error'], event.name, true);
}

/** Takes id, model and tier; true when the chunk named a model. */
function takeIdentity(draft: Draft, document: JsonObject | undefined): boolean {
  if (document === undefined) return false;
  draft.id ||= textAt(document, 'id');
  draft.model ||= textAt(document, 'model');
  draft.serviceTier = textAt(document, 'service_tier') || draft.serviceTier;
  return draft.model !== '';
}

function takeChatUsage(draft: Draft, document: JsonObject, text: string, context: ReadContext): void {
  const groq = objectAt(document, 'x_groq');
  const direct = objectAt(document, 'usage');
  const usage = direct ?? objectAt(groq, 'usage');
  if (usage === undefined) return;
  const path = direct === undefined ? ['x_groq', 'usage'] : ['usage'];
  takeUsage(draft, familyOfUsage(usage, context) || 'chat', usage, text, path);
  draft.serviceTier = textAt(document, 'service_tier') || textAt(usage, 'service_tier') || draft.serviceTier;
  draft.id ||= textAt(document, 'id');
  draft.model ||= textAt(document, 'model');
  const size = textAt(usage, 'search_context_size');
  if (size !== '') draft.flags.push(`search_context_size:${size}`);
  const breakdown = objectAt(document, 'usage_breakdown') ?? objectAt(groq, 'usage_breakdown');
  for (const item of arrayAt(breakdown, 'models')) {
    const part = asObject(item);
    const partUsage = objectAt(part, 'usage');
    if (partUsage !== undefined) draft.parts.push({ family: 'chat', model: textAt(part, 'model'), usage: partUsage });
  }
}

/** Text of message content: a string, or the first text of its parts. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  for (const item of content) {
    const text = asObject(item)?.['text'];
    if (typeof text === 'string' && text !== '') return text;
  }
  return '';
}
