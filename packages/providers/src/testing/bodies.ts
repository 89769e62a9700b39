import type { CapturedBody, Exchange } from '../exchange.ts';

const encoder = new TextEncoder();

/** A body that was captured whole. */
export function wholeBody(content: string | Uint8Array): CapturedBody {
  const head = typeof content === 'string' ? encoder.encode(content) : content;
  return { head, tail: new Uint8Array(), bytes: head.byteLength };
}

/** The same bytes as a capture with limits would keep them: a head, a gap, a tail. */
export function cutBody(content: Uint8Array, headBytes: number, tailBytes: number): CapturedBody {
  if (headBytes + tailBytes >= content.byteLength) return wholeBody(content);
  const tail = content.subarray(content.byteLength - tailBytes);
  return { head: content.subarray(0, headBytes), tail, bytes: content.byteLength };
}

/** An exchange with everything defaulted to a successful OpenAI chat call. */
export function exchangeWith(
  changes: Partial<Omit<Exchange, 'request' | 'response'>> & {
    readonly request?: CapturedBody | string;
    readonly response?: CapturedBody | string;
  },
): Exchange {
  const { request = '', response = '', ...rest } = changes;
  return {
    provider: 'openai',
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    requestContentType: 'application/json',
    responseContentType: 'application/json',
    responseHeaders: {},
    complete: true,
    ...rest,
    request: typeof request === 'string' ? wholeBody(request) : request,
    response: typeof response === 'string' ? wholeBody(response) : response,
  };
}

/** Events as SSE text; an event may have a name. */
export function sse(...events: readonly (readonly [name: string, data: unknown])[]): string {
  return events
    .map(([name, data]) => {
      const text = typeof data === 'string' ? data : JSON.stringify(data);
      return `${name === '' ? '' : `event: ${name}\n`}data: ${text}\n\n`;
    })
    .join('');
}

/** Frames of application/vnd.amazon.eventstream with valid prelude checksums. */
export function awsFrames(...events: readonly (readonly [name: string, data: unknown])[]): Uint8Array {
  const frames = events.map(([name, data]) => awsFrame(name, encoder.encode(JSON.stringify(data))));
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + frame.byteLength, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.byteLength;
  }
  return whole;
}

function awsFrame(name: string, payload: Uint8Array): Uint8Array {
  const header = encoder.encode(name.endsWith('Exception') ? ':exception-type' : ':event-type');
  const value = encoder.encode(name);
  const headers = Uint8Array.from([
    header.byteLength,
    ...header,
    7,
    value.byteLength >> 8,
    value.byteLength & 255,
    ...value,
  ]);
  const total = 16 + headers.byteLength + payload.byteLength;
  const frame = new Uint8Array(total);
  const view = new DataView(frame.buffer);
  view.setUint32(0, total);
  view.setUint32(4, headers.byteLength);
  view.setUint32(8, crc32(frame.subarray(0, 8)));
  frame.set(headers, 12);
  frame.set(payload, 12 + headers.byteLength);
  view.setUint32(total - 4, crc32(frame.subarray(0, total - 4)));
  return frame;
}

/** CRC-32 bit by bit: slow, and independent of the table in the parser. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
