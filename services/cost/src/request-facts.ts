import { type CapturedBytes, decodeBody, promptFingerprint, type RequestEvent } from '@weir/events';
import { type Exchange, type ExchangeFacts, readCounts, readExchange } from '@weir/providers';

/** What is known of an exchange, with the template of its prompt as a fingerprint. */
export interface RequestFacts extends ExchangeFacts {
  /** 16 hex digits; '' when the request has no template. */
  readonly promptFingerprint: string;
}

/** Reads an exchange's facts from the event: from its bodies, or from what the ingress kept of them. */
export function requestFacts(event: RequestEvent): RequestFacts {
  if (event.facts !== '') return JSON.parse(event.facts) as RequestFacts;
  const facts = readExchange(exchangeOf(event));
  return { ...facts, promptFingerprint: promptFingerprint(facts.promptTemplate) };
}

/** The same as far as it decides what the exchange costs. */
export function billedFacts(event: RequestEvent): ExchangeFacts {
  return event.facts === '' ? readCounts(exchangeOf(event)) : (JSON.parse(event.facts) as RequestFacts);
}

/** The exchange of an event, its bodies decompressed. */
export function exchangeOf(event: RequestEvent): Exchange {
  const request: CapturedBytes = { head: event.request_head, tail: event.request_tail, bytes: event.request_bytes };
  const response: CapturedBytes = { head: event.response_head, tail: event.response_tail, bytes: event.response_bytes };
  return {
    provider: event.provider,
    method: event.method,
    path: event.path,
    region: event.region,
    status: event.status,
    requestContentType: event.request_content_type,
    responseContentType: event.response_content_type,
    responseHeaders: event.response_headers,
    request: decodeBody(request, event.request_encoding),
    response: decodeBody(response, event.response_encoding),
    complete: event.complete,
  };
}
