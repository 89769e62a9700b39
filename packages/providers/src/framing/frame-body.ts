import { remembered } from '@weir/kernel';
import type { CapturedBody } from '../exchange.ts';
import { parseAwsEventStream } from './aws-event-stream.ts';
import { type CapturedText, capturedText, wholeBytes } from './captured-text.ts';
import { parseJsonArray } from './json-array.ts';
import { skipSpace } from './json-scan.ts';
import { parseNdjson } from './ndjson.ts';
import { parseSse } from './sse.ts';
import type { PieceEnds, StreamEvent } from './stream-event.ts';

/** A body after framing: a document, a stream, or neither. */
export type FramedBody =
  | { readonly kind: 'empty' }
  /** Neither JSON nor a known stream: audio, images, plain text. */
  | { readonly kind: 'opaque'; readonly text: string }
  | { readonly kind: 'document'; readonly text: string; readonly value: unknown }
  /** A JSON document of which only pieces were kept. */
  | { readonly kind: 'fragments'; readonly head: string; readonly tail: string }
  | {
      readonly kind: 'stream';
      readonly events: readonly StreamEvent[];
      /** Text of the tail when the middle is missing, for what lies before its first whole event; '' otherwise. */
      readonly tail: string;
      readonly truncated: boolean;
    };

const HEAD_PIECE: PieceEnds = { cutStart: false, cutEnd: true };
const TAIL_PIECE: PieceEnds = { cutStart: true, cutEnd: false };

const BINARY = /^(?:audio|image|video)\/|octet-stream|application\/(?:pdf|zip)/;

/** What a content type says of the framing. */
const framingOf = remembered(256, (contentType): 'aws' | 'binary' | 'sse' | 'lines' | 'other' => {
  const type = contentType.toLowerCase();
  if (type.includes('vnd.amazon.eventstream')) return 'aws';
  // A binary type is none when the body opens like JSON, so it comes before the names that it may contain.
  if (BINARY.test(type)) return 'binary';
  if (type.includes('event-stream')) return 'sse';
  return /ndjson|stream\+json|jsonl|json-seq/.test(type) ? 'lines' : 'other';
});

/** True when the bytes open like JSON, whatever the content type says. */
function startsJson(head: Uint8Array): boolean {
  return head[0] === 0x7b || head[0] === 0x5b;
}

/** Finds out how a body is framed, by its content type and its first bytes, and takes it apart. Never throws. */
export function frameBody(body: CapturedBody, contentType: string): FramedBody {
  if (body.head.byteLength === 0 && body.tail.byteLength === 0) return { kind: 'empty' };
  const framing = framingOf(contentType);
  if (framing === 'aws') return frameAws(body);
  if (framing === 'binary' && !startsJson(body.head)) return { kind: 'opaque', text: '' };
  const captured = capturedText(body);
  const first = captured.head.charAt(skipSpace(captured.head, captured.head.charCodeAt(0) === 0xfeff ? 1 : 0));
  if (framing === 'sse' || /^\ufeff?(?:data|event|id|retry)?:/.test(captured.head)) {
    // Some servers keep the stream's content type for an answer or an error that is one document.
    const value = first === '{' && !captured.truncated ? parseJson(captured.head) : undefined;
    if (value !== undefined) return { kind: 'document', text: captured.head, value };
    return streamOf(captured, parseSse);
  }
  if (framing === 'lines') return streamOf(captured, parseNdjson);
  if (first === '{' || first === '[') return frameJson(captured, first);
  const whole = captured.truncated ? undefined : parseJson(captured.head);
  return whole === undefined
    ? { kind: 'opaque', text: captured.head }
    : { kind: 'document', text: captured.head, value: whole };
}

function frameAws(body: CapturedBody): FramedBody {
  const whole = wholeBytes(body);
  const events =
    whole === undefined
      ? [...parseAwsEventStream(body.head, HEAD_PIECE), ...parseAwsEventStream(body.tail, TAIL_PIECE)]
      : parseAwsEventStream(whole);
  return { kind: 'stream', events, tail: '', truncated: whole === undefined };
}

function streamOf(captured: CapturedText, parse: (text: string, ends?: PieceEnds) => StreamEvent[]): FramedBody {
  if (!captured.truncated) return { kind: 'stream', events: parse(captured.head), tail: '', truncated: false };
  const events = [...parse(captured.head, HEAD_PIECE), ...parse(captured.tail, TAIL_PIECE)];
  return { kind: 'stream', events, tail: captured.tail, truncated: true };
}

function frameJson(captured: CapturedText, first: string): FramedBody {
  if (captured.truncated) {
    if (first === '[') return streamOf(captured, parseJsonArray);
    return { kind: 'fragments', head: captured.head, tail: captured.tail };
  }
  const value = parseJson(captured.head);
  if (Array.isArray(value) || (value === undefined && first === '[')) return streamOf(captured, parseJsonArray);
  if (value !== undefined) return { kind: 'document', text: captured.head, value };
  const lines = parseNdjson(captured.head);
  // Pretty-printed JSON that was cut has many lines too, but its second one does not stand alone.
  if (lines.length > 1 && parseJson(lines[0]?.data ?? '') !== undefined) return streamOf(captured, parseNdjson);
  return { kind: 'fragments', head: captured.head, tail: '' };
}

/** JSON text to a value; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
