import { decodeBody, type Payload, promptFingerprint, type RequestEvent } from '@weir/events';
import { type ExchangeFacts, redactPath } from '@weir/providers';
import { INGRESS_ERRORS } from '../errors.ts';
import type { IngressDependencies } from '../ports.ts';
import { isStreamType } from '../wire/response-headers.ts';
import type { Call, CallEnd } from './call-record.ts';

const EMPTY = Buffer.alloc(0);
const NO_HEADERS: Readonly<Record<string, string>> = {};

/** The `request` event of an attempt; bodies are in it when `payload` is `full` or `truncated`, else `facts`. */
export function requestEvent(call: Call, end: CallEnd, payload: Payload, facts: string, version: string): RequestEvent {
  const { target, metadata } = call;
  const withBodies = payload === 'full' || payload === 'truncated';
  const contentType = end.head?.contentType ?? '';
  return {
    request_id: call.id,
    parent_id: call.parentId,
    event_id: call.eventId,
    attempt: call.attempt,
    step: call.step,
    ts: call.acceptedAt,
    account: target.account,
    gateway: target.gateway,
    env: metadata.env,
    feature: metadata.feature,
    user_id: metadata.userId,
    session_id: metadata.sessionId,
    trace_id: metadata.traceId,
    parent_span_id: metadata.parentSpanId,
    api_key_id: call.apiKeyId,
    token_id: call.tokenId,
    tags: metadata.tags,
    provider: target.provider,
    method: call.method,
    path: redactPath(target.path),
    upstream_host: end.cacheStatus === 'hit' ? '' : target.host,
    region: target.region,
    user_agent: call.userAgent,
    status: end.status,
    outcome: end.outcome,
    error_code: end.errorCode,
    error_message: end.errorCode === '' ? '' : INGRESS_ERRORS[end.errorCode],
    stream: isStreamType(contentType),
    complete: end.complete,
    client_gone: end.clientGone,
    cache_status: end.cacheStatus,
    duration_us: end.durationUs,
    ttfb_us: end.ttfbUs,
    overhead_us: end.overheadUs,
    request_content_type: call.requestContentType,
    response_content_type: contentType,
    request_encoding: call.requestEncoding,
    response_encoding: end.head?.contentEncoding ?? '',
    response_headers: end.head?.recorded ?? NO_HEADERS,
    request_bytes: end.request.bytes,
    response_bytes: end.response.bytes,
    request_sha256: end.request.sha256,
    response_sha256: end.response.sha256,
    payload,
    request_head: withBodies ? end.request.head : EMPTY,
    request_tail: withBodies ? end.request.tail : EMPTY,
    response_head: withBodies ? end.response.head : EMPTY,
    response_tail: withBodies ? end.response.tail : EMPTY,
    facts,
    custom_cost: metadata.customCost,
    weir_version: version,
  };
}

/** One log line's worth of an attempt: nothing in it is secret. */
export function callSummary(call: Call, end: CallEnd): object {
  const { target } = call;
  return {
    logId: call.id,
    ...(call.id === call.parentId ? {} : { requestId: call.parentId, attempt: call.attempt, step: call.step }),
    method: call.method,
    provider: target.provider,
    path: redactPath(target.path),
    status: end.status,
    outcome: end.outcome,
    ...(end.errorCode === '' ? {} : { code: end.errorCode }),
    ms: Math.round(end.durationUs / 1000),
    requestBytes: end.request.bytes,
    responseBytes: end.response.bytes,
  };
}

/** `ExchangeFacts` as kept in an event without bodies: the template is there as its fingerprint only. */
export interface KeptFacts extends ExchangeFacts {
  /** 16 hex digits of the SHA-256 of `promptTemplate`, which is emptied; '' when there was none. */
  readonly promptFingerprint: string;
}

/**
 * What cost needs of the bodies, as JSON. With `textAllowed` false nothing remains that quotes a body: no previews, no
 * template, no message of the provider's error (providers quote the request in it).
 */
export function exchangeFacts(
  call: Call,
  end: CallEnd,
  textAllowed: boolean,
  readExchange: IngressDependencies['readExchange'],
): string {
  const { request, response, head } = end;
  const facts = readExchange({
    provider: call.target.provider,
    region: call.target.region,
    method: call.method,
    path: call.target.path,
    status: end.status,
    requestContentType: call.requestContentType,
    responseContentType: head?.contentType ?? '',
    responseHeaders: head?.recorded ?? NO_HEADERS,
    request: decodeBody(request, call.requestEncoding),
    response: decodeBody(response, head?.contentEncoding ?? ''),
    complete: end.complete,
  });
  const { promptTemplate } = facts;
  const kept: KeptFacts = {
    ...facts,
    promptTemplate: '',
    promptFingerprint: promptFingerprint(promptTemplate),
    ...(textAllowed ? {} : { promptPreview: '', responsePreview: '', error: withoutMessage(facts.error) }),
  };
  return JSON.stringify(kept);
}

function withoutMessage(error: ExchangeFacts['error']): ExchangeFacts['error'] {
  return error === null ? null : { ...error, message: '' };
}
