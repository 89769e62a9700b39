import { decodeBody } from '@weir/events';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { IngressDependencies } from '../ports.ts';
import { isStreamType } from '../wire/response-headers.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Whether an answer of status 200 whose last byte has come is one to give again: it tells no error, and a stream has
 * reached its own end, not only that of the connection.
 */
export function isWholeAnswer(
  call: Call,
  { status, head }: CallEnd,
  body: Buffer,
  readExchange: IngressDependencies['readExchange'],
): boolean {
  const contentType = head?.contentType ?? '';
  const encoding = head?.contentEncoding ?? '';
  const stream = isStreamType(contentType);
  // Most answers that are no stream have no such word: they need no reading.
  if (!stream && encoding === '' && !body.includes('error')) return true;
  try {
    const facts = readExchange({
      provider: call.target.provider,
      region: call.target.region,
      method: call.method,
      path: call.target.path,
      status,
      requestContentType: call.requestContentType,
      responseContentType: contentType,
      responseHeaders: head?.recorded ?? {},
      request: { head: EMPTY, tail: EMPTY, bytes: 0 },
      response: decodeBody({ head: body, tail: EMPTY, bytes: body.length }, encoding),
      complete: true,
    });
    return facts.error === null && (!stream || facts.finishReasons.length > 0);
  } catch {
    return false;
  }
}
