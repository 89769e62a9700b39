import type { Exchange } from '../exchange.ts';
import { capturedText } from '../framing/captured-text.ts';
import { frameBody, parseJson } from '../framing/frame-body.ts';
import type { StreamEvent } from '../framing/stream-event.ts';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';

/** The texts of an exchange whose tokens can be counted when the provider did not. */
export interface EstimableText {
  /** Null when the request was not kept whole, so that nothing can be said of its size. */
  readonly prompt: readonly string[] | null;
  /** Messages of the prompt; each costs a few tokens beside its text. */
  readonly messages: number;
  readonly output: readonly string[];
  /** True when the prompt holds images, audio or files, which no tokenizer counts. */
  readonly hasMedia: boolean;
}

/** Members of an answer that hold no text of the model. */
const NOT_OUTPUT = new Set(['usage', 'usageMetadata', 'error', 'logprobs', 'citations', 'prompt_filter_results']);
const OUTPUT_TEXT = new Set([
  'content',
  'text',
  'refusal',
  'thinking',
  'reasoning',
  'reasoning_content',
  'arguments',
  'partial_json',
  'response',
  'generated_text',
  'generation',
  'outputText',
  'delta',
]);
/** Arguments of a tool call that are an object, not text. */
const OUTPUT_OBJECTS = new Set(['input', 'args']);
const PROMPT_MEMBERS = [
  'system',
  'instructions',
  'preamble',
  'systemInstruction',
  'system_instruction',
  'messages',
  'input',
  'contents',
  'prompt',
  'message',
  'inputText',
  'inputs',
  'requests',
  'content',
  'texts',
  'query',
];
const MEDIA = new Set(['image_url', 'input_audio', 'inlineData', 'inline_data', 'fileData', 'source', 'image', 'file']);
/** Members of prompt parts that are not shown to the model. */
const NOT_PROMPT = new Set(['role', 'type', 'id', 'cache_control', 'tool_call_id', 'tool_use_id', 'call_id', 'name']);
const DEPTH_MAX = 12;

/** Collects what a tokenizer can count. Never throws. */
export function estimableText(exchange: Exchange): EstimableText {
  const request = capturedText(exchange.request);
  const json = request.truncated ? undefined : asObject(parseJson(request.head));
  const prompt: string[] = [];
  const media = { found: false };
  if (json !== undefined) {
    for (const key of PROMPT_MEMBERS) collectPrompt(json[key], prompt, media, 0);
    const tools = [json, objectAt(json, 'toolConfig')].flatMap((holder) => arrayAt(holder, 'tools'));
    for (const tool of [...tools, ...arrayAt(json, 'functions')]) prompt.push(jsonText(tool));
  }
  const messages =
    arrayAt(json, 'messages').length || arrayAt(json, 'input').length || arrayAt(json, 'contents').length;
  return {
    prompt: json === undefined ? null : prompt,
    messages: Math.max(1, messages),
    output: outputTexts(exchange),
    hasMedia: media.found,
  };
}

function collectPrompt(value: unknown, texts: string[], media: { found: boolean }, depth: number): void {
  if (typeof value === 'string') texts.push(value);
  else if (depth > DEPTH_MAX) return;
  else if (Array.isArray(value)) for (const item of value) collectPrompt(item, texts, media, depth + 1);
  else {
    for (const [key, member] of Object.entries(asObject(value) ?? {})) {
      if (MEDIA.has(key)) media.found = true;
      else if (!NOT_PROMPT.has(key)) collectPrompt(member, texts, media, depth + 1);
    }
  }
}

function outputTexts(exchange: Exchange): string[] {
  const body = frameBody(exchange.response, exchange.responseContentType);
  const texts: string[] = [];
  if (body.kind === 'document') collectOutput(body.value, texts, 0);
  else if (body.kind === 'stream') {
    // The pieces of one text belong together: a token may span them.
    const pieces: string[] = [];
    for (const event of body.events) collectOutput(streamed(event), pieces, 0);
    texts.push(pieces.join(''));
  }
  return texts.filter((text) => text !== '');
}

/** The part of a stream event that adds text: events that repeat the text so far, or all of it, add none. */
function streamed({ name, data }: StreamEvent): unknown {
  if (name === 'output') return { text: data };
  const event: JsonObject | undefined = asObject(parseJson(data));
  const type = textAt(event, 'type') || textAt(event, 'event_type');
  if (type === '' || /delta$|^text-generation$/.test(type)) return event;
  return type === 'content_block_start' ? event?.['content_block'] : undefined;
}

function collectOutput(value: unknown, texts: string[], depth: number): void {
  if (depth > DEPTH_MAX || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collectOutput(item, texts, depth + 1);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    if (NOT_OUTPUT.has(key)) continue;
    if (typeof member === 'string') {
      if (OUTPUT_TEXT.has(key)) texts.push(member);
    } else if (isJsonAnswer(key, asObject(member))) texts.push(jsonText(member));
    else collectOutput(member, texts, depth + 1);
  }
}

/** Arguments of a tool, or an answer that a server parsed before it sent it (Workers AI in JSON mode). */
function isJsonAnswer(key: string, object: JsonObject | undefined): boolean {
  if (object === undefined || Object.keys(object).length === 0) return false;
  if (OUTPUT_OBJECTS.has(key)) return true;
  return (
    (key === 'content' || key === 'response') && !['parts', 'text', 'type', 'output'].some((part) => part in object)
  );
}
