import type { CapturedBody } from '../exchange.ts';
import { decodeUtf8 } from './text.ts';

/** A captured body as text. */
export interface CapturedText {
  /** The whole body, or its first piece when `tail` is not ''. */
  readonly head: string;
  /** The last piece when the middle is missing; '' otherwise. */
  readonly tail: string;
  /** True when bytes between or after the pieces were not kept. */
  readonly truncated: boolean;
}

/** All captured bytes as one array when nothing is missing; undefined when the middle is. */
export function wholeBytes(body: CapturedBody): Uint8Array | undefined {
  if (body.bytes > body.head.byteLength + body.tail.byteLength) return undefined;
  if (body.tail.byteLength === 0) return body.head;
  const whole = new Uint8Array(body.head.byteLength + body.tail.byteLength);
  whole.set(body.head, 0);
  whole.set(body.tail, body.head.byteLength);
  return whole;
}

/** Decodes a captured body; text is only joined where no byte is missing. */
export function capturedText(body: CapturedBody): CapturedText {
  const whole = wholeBytes(body);
  if (whole !== undefined) return { head: decodeUtf8(whole), tail: '', truncated: false };
  return { head: decodeUtf8(body.head), tail: decodeUtf8(body.tail), truncated: true };
}
