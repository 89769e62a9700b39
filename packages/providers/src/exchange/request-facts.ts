import { remembered } from '@weir/kernel';
import type { CapturedBody } from '../exchange.ts';
import { PREVIEW_CHARACTERS } from '../families/draft.ts';
import { capturedText } from '../framing/captured-text.ts';
import { parseJson } from '../framing/frame-body.ts';
import { cutMember } from '../framing/json-scan.ts';
import { arrayAt, asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import { PATHS_REMEMBERED } from './operation.ts';
import { promptTemplate } from './request-template.ts';

export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** Service tier as asked for; '' when none was. The served one decides where the answer names it. */
  readonly serviceTier: string;
  readonly template: string;
  readonly preview: string;
  /** The parsed body; undefined when it is not JSON or was not kept whole. */
  readonly json: JsonObject | undefined;
}

/**
 * Reads a request; what the body does not tell, the path may (Gemini, Bedrock, Azure, Workers AI, Replicate). Without
 * `words` there is no template and no preview.
 */
export function readRequest(body: CapturedBody, contentType: string, path: string, words: boolean): RequestFacts {
  const fromPath = modelOfPath(path);
  const streamPath = isStreamPath(path);
  const nothing = { model: fromPath, stream: streamPath, serviceTier: '', template: '', preview: '', json: undefined };
  if (body.head.byteLength === 0) return nothing;
  if (contentType.toLowerCase().startsWith('multipart/')) {
    const model = multipartField(capturedText(body).head, 'model') || fromPath;
    return { ...nothing, model, stream: multipartField(capturedText(body).head, 'stream') === 'true' };
  }
  const captured = capturedText(body);
  const json = captured.truncated ? undefined : asObject(parseJson(captured.head));
  if (json === undefined) return { ...nothing, ...scanPieces(captured.head, captured.tail, fromPath, streamPath) };
  return {
    model: textAt(json, 'model') || textAt(json, 'model_id') || textAt(json, 'version') || fromPath,
    stream: json['stream'] === true || streamPath,
    serviceTier:
      textAt(json, 'service_tier') || textAt(json, 'serviceTier') || textAt(objectAt(json, 'serviceTier'), 'type'),
    template: words ? promptTemplate(json) : '',
    preview: words ? promptPreview(json) : '',
    json,
  };
}

function scanPieces(
  head: string,
  tail: string,
  fromPath: string,
  streamPath: boolean,
): { model: string; stream: boolean } {
  const whole = cutMember(head, ['model']);
  const quoted = whole === '' ? (/(?<!\\)"model"\s*:\s*("[^"\\]+")\s*[,}]/.exec(tail)?.[1] ?? '') : whole;
  const model = parseJson(quoted);
  const stream = cutMember(head, ['stream']) === 'true' || /(?<!\\)"stream"\s*:\s*true\b/.test(tail);
  return { model: typeof model === 'string' && model !== '' ? model : fromPath, stream: stream || streamPath };
}

function multipartField(text: string, name: string): string {
  const at = text.indexOf(`name="${name}"`);
  if (at < 0) return '';
  return /^[^\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]{1,200})/.exec(text.slice(at))?.[1] ?? '';
}

const MODEL_PATHS: readonly RegExp[] = [
  /\/(?:models|tunedModels)\/([^/:?]+):[A-Za-z]+$/,
  /\/model\/([^/]+)\/(?:invoke|converse|count-tokens)/,
  /\/deployments\/([^/]+)\//,
  /\/ai\/run\/(.+)$/,
  /\/models\/([^/]+\/[^/]+)\/predictions$/,
  /\/hf-inference\/models\/([^/]+\/[^/]+)/,
];

const isStreamPath = remembered(PATHS_REMEMBERED, (path) => /:stream|-stream$/.test(path));

/** The model that a path names, percent-decoded; '' when it names none. */
const modelOfPath = remembered(PATHS_REMEMBERED, (path): string => {
  for (const pattern of MODEL_PATHS) {
    const model = pattern.exec(path)?.[1];
    if (model === undefined) continue;
    try {
      return decodeURIComponent(model);
    } catch {
      return model;
    }
  }
  return '';
});

function promptPreview(request: JsonObject): string {
  for (const key of ['messages', 'input', 'contents']) {
    const list = arrayAt(request, key);
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const text = typeof list[index] === 'string' ? String(list[index]) : userText(asObject(list[index]));
      if (text !== '') return text.slice(0, PREVIEW_CHARACTERS);
    }
  }
  for (const key of ['input', 'prompt', 'message', 'query', 'text', 'inputText', 'inputs', 'transcript']) {
    const text = textAt(request, key) || lastText(request[key]);
    if (text !== '') return text.slice(0, PREVIEW_CHARACTERS);
  }
  return textAt(objectAt(request, 'input'), 'prompt').slice(0, PREVIEW_CHARACTERS);
}

function userText(message: JsonObject | undefined): string {
  if (message === undefined) return '';
  const role = message['role'];
  if (role !== undefined && role !== 'user') return '';
  return lastText(message['content'] ?? message['parts']);
}

function lastText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  for (let index = content.length - 1; index >= 0; index -= 1) {
    const part: unknown = content[index];
    const text = typeof part === 'string' ? part : asObject(part)?.['text'];
    if (typeof text === 'string' && text !== '') return text;
  }
  return '';
}
