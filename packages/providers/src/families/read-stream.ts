import { eventJson } from '../framing/event-json.ts';
import { parseJson } from '../framing/frame-body.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import { readAnthropicStream } from './anthropic.ts';
import { readConverseStream, readInvocationMetrics } from './bedrock.ts';
import { readChatStream } from './chat.ts';
import { readCohereStream } from './cohere.ts';
import { type Draft, type ReadContext, setError, usageClaim } from './draft.ts';
import { familyOfUsage } from './family-of-usage.ts';
import { readGeminiStream, readInteractionStream } from './gemini.ts';
import { readOllamaStream, readReplicateStream, readTgi, readWorkersStream } from './native.ts';
import { readMediaStream, readRealtime, readResponsesStream } from './responses.ts';

type StreamReader = (draft: Draft, events: readonly StreamEvent[], context: ReadContext) => void;

const READERS = {
  chat: readChatStream,
  responses: readResponsesStream,
  anthropic: readAnthropicStream,
  gemini: readGeminiStream,
  interactions: readInteractionStream,
  converse: readConverseStream,
  invoke: readInvokeStream,
  cohere: readCohereStream,
  ollama: readOllamaStream,
  realtime: readRealtime,
  media: readMediaStream,
  replicate: readReplicateStream,
  workers: readWorkersStream,
  tgi: readTgi,
  batch: readBatchLines,
  '': readErrorEvents,
} as const satisfies Record<string, StreamReader>;
type StreamKind = keyof typeof READERS;

/** Reads the events of a stream by what they say they are; the framing no longer matters. Never throws. */
export function readStream(draft: Draft, events: readonly StreamEvent[], context: ReadContext): void {
  const reader: StreamReader = READERS[streamKind(events, context)];
  reader(draft, events, context);
}

function readInvokeStream(draft: Draft, events: readonly StreamEvent[], context: ReadContext): void {
  const failure = events.find(({ name }) => name.endsWith('Exception') || name.endsWith('Error'));
  if (failure !== undefined) setError(draft, asObject(parseJson(failure.data)) ?? failure.data, failure.name, true);
  const inner = events.map(({ data }) => ({ name: '', data }));
  const kind = streamKind(inner, { ...context, path: '' });
  if (kind !== '' && kind !== 'invoke') readStream(draft, inner, { ...context, path: '' });
  if (draft.usage === undefined || draft.partial) readInvocationMetrics(draft, events);
}

/**
 * Results of a batch, one a line: Anthropic `result.message`, OpenAI `response.body`, Gemini `response`, each with usage
 * of its own.
 */
export function readBatchLines(draft: Draft, events: readonly StreamEvent[], context: ReadContext): void {
  for (const { data } of events) {
    const line = asObject(parseJson(data));
    const response = objectAt(line, 'response');
    const answer = objectAt(objectAt(line, 'result'), 'message') ?? objectAt(response, 'body') ?? response;
    const usage = objectAt(answer, 'usage') ?? objectAt(answer, 'usageMetadata');
    const family = usage === undefined ? '' : familyOfUsage(usage, context);
    if (usage === undefined || family === '') continue;
    const claim = usageClaim(resultId(line, answer, context), answer?.['created'] ?? answer?.['created_at']);
    const model = textAt(answer, 'model') || textAt(answer, 'modelVersion');
    draft.parts.push({ family, model, usage, ...(claim === undefined ? {} : { claim }) });
  }
  draft.serviceTier ||= 'batch';
}

/** The provider's id of a result; else the caller's own, which holds within its file. */
function resultId(line: JsonObject | undefined, answer: JsonObject | undefined, { path }: ReadContext): string {
  const id = textAt(answer, 'id') || textAt(answer, 'responseId') || textAt(line, 'id');
  const own = textAt(line, 'custom_id') || textAt(line, 'key');
  return id !== '' || own === '' ? id : `${path}#${own}`;
}

/** Whether a line is the result of one request of a batch. */
export function isBatchLine(line: JsonObject): boolean {
  if ('custom_id' in line) return 'result' in line || 'response' in line;
  return 'key' in line && objectAt(line, 'response') !== undefined;
}

function readErrorEvents(draft: Draft, events: readonly StreamEvent[]): void {
  for (const { name, data } of events) {
    const body = asObject(parseJson(data));
    setError(draft, body?.['error'] ?? (name === 'error' ? (body ?? data) : undefined), name, true);
  }
}

const CONVERSE_EVENTS = new Set([
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
]);

/** What a stream speaks, by its first events that say so. */
function streamKind(events: readonly StreamEvent[], context: ReadContext): StreamKind {
  // Enough to pass the padding, pings and empty chunks that some providers send first.
  for (const event of events.slice(0, 16)) {
    const kind = eventKind(event, context);
    if (kind !== '') return kind;
  }
  return '';
}

function eventKind(event: StreamEvent, context: ReadContext): StreamKind {
  const { name } = event;
  if (CONVERSE_EVENTS.has(name)) return 'converse';
  if (name === 'chunk') return 'invoke';
  if (name === 'output' || (name === 'done' && context.provider === 'replicate')) return 'replicate';
  const body = eventJson(event);
  if (body === undefined) return '';
  if (isBatchLine(body)) return 'batch';
  const type = textAt(body, 'type');
  if (Array.isArray(body['choices'])) return 'chat';
  if (/^(?:message_|content_block_)/.test(type)) return 'anthropic';
  if (type.startsWith('transcript.') || type.startsWith('image_')) return 'media';
  if (type.startsWith('session.') || type.startsWith('conversation.') || type === 'response.done') return 'realtime';
  if (type.startsWith('response.')) return 'event_id' in body ? 'realtime' : 'responses';
  if ('interaction' in body || textAt(body, 'event_type').startsWith('interaction.')) return 'interactions';
  if (/^(?:message-|content-|stream-|text-generation)/.test(type || textAt(body, 'event_type'))) return 'cohere';
  if ('candidates' in body || 'usageMetadata' in body || 'promptFeedback' in body) return 'gemini';
  if ('done' in body && 'model' in body) return 'ollama';
  if ('token' in body || 'generated_text' in body) return 'tgi';
  if (typeof body['response'] === 'string') return 'workers';
  if ('object' in body && textAt(body, 'object').startsWith('chat.completion')) return 'chat';
  return 'usage' in body && objectAt(body, 'usage') !== undefined ? 'chat' : '';
}
