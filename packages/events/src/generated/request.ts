// Generated from schemas/request.avsc by `pnpm generate`. Change the schema, not this file.

export type Outcome = 'ok' | 'client_error' | 'provider_error' | 'rate_limited' | 'timeout' | 'cancelled' | 'blocked';
export type CacheStatus = 'none' | 'miss' | 'hit';
export type Payload = 'full' | 'truncated' | 'off' | 'dropped';
/** One upstream attempt, after its last byte. Topic weir.requests, key request_id. */
export interface Request {
  /** UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id */
  readonly request_id: string;
  /** id of the client's call; equal for all its attempts (cf-aig-request-id) */
  readonly parent_id: string;
  /** the client's cf-aig-event-id, else the parent id */
  readonly event_id: string;
  /** 1 for the first try of a step, 2 for its first retry */
  readonly attempt: number;
  /** 0-based step of a universal request (cf-aig-step) */
  readonly step: number;
  /** when the ingress accepted the call, ms since the epoch */
  readonly ts: number;
  /** first path segment after /v1, or 'default' */
  readonly account: string;
  /** gateway id, or 'default' */
  readonly gateway: string;
  /** promoted from metadata: deployment environment */
  readonly env: string;
  /** promoted from metadata: product feature */
  readonly feature: string;
  /** promoted from metadata: the caller's user */
  readonly user_id: string;
  /** promoted from metadata or cf-aig-session-id */
  readonly session_id: string;
  /** 32 hex digits from cf-aig-otel-trace-id or traceparent, else '' */
  readonly trace_id: string;
  /** fingerprint of the credential that was sent upstream, never the key */
  readonly api_key_id: string;
  /** the other metadata entries */
  readonly tags: Readonly<Record<string, string>>;
  /** provider slug of the path, e.g. openai, aws-bedrock, custom-acme */
  readonly provider: string;
  /** HTTP method */
  readonly method: string;
  /** upstream path and query, secrets redacted */
  readonly path: string;
  /** host that was called, '' when none was */
  readonly upstream_host: string;
  /** region that the path names, '' when it names none */
  readonly region: string;
  /** the client's User-Agent */
  readonly user_agent: string;
  /** upstream HTTP status, 0 when there was no answer */
  readonly status: number;
  /** how the attempt ended */
  readonly outcome: Outcome;
  /** Weir's code of a gateway-side failure, e.g. UPSTREAM_REFUSED; '' when none */
  readonly error_code: string;
  /** one line about it; never holds a body or a credential */
  readonly error_message: string;
  /** the answer was a stream (SSE, NDJSON, AWS event-stream) */
  readonly stream: boolean;
  /** the answer's last byte arrived from the provider */
  readonly complete: boolean;
  /** the client left before the last byte */
  readonly client_gone: boolean;
  /** gateway cache */
  readonly cache_status: CacheStatus;
  /** accepted to last byte, µs */
  readonly duration_us: number;
  /** accepted to the first body byte of the answer, µs; 0 when none came */
  readonly ttfb_us: number;
  /** of duration_us, what Weir itself added, µs */
  readonly overhead_us: number;
  readonly request_content_type: string;
  readonly response_content_type: string;
  /** content-encoding, '' for identity */
  readonly request_encoding: string;
  /** content-encoding, '' for identity */
  readonly response_encoding: string;
  /** allow-listed answer headers, lower case: request ids, usage, tier and rate-limit headers */
  readonly response_headers: Readonly<Record<string, string>>;
  /** size of the whole request body as sent */
  readonly request_bytes: number;
  /** size of the whole response body as received */
  readonly response_bytes: number;
  /** 64 hex digits over the whole request body */
  readonly request_sha256: string;
  /** 64 hex digits over the whole response body */
  readonly response_sha256: string;
  /** full: bodies whole; truncated: head and tail; off: switched off; dropped: left out under pressure */
  readonly payload: Payload;
  /** the request body, or its head */
  readonly request_head: Buffer;
  /** its tail when truncated, else empty */
  readonly request_tail: Buffer;
  /** the response body, or its head */
  readonly response_head: Buffer;
  /** its tail when truncated, else empty */
  readonly response_tail: Buffer;
  /** when payload is off or dropped: what was read from the bodies before they were let go (JSON), else '' */
  readonly facts: string;
  /** version of the ingress */
  readonly weir_version: string;
}

export const requestSchema = {
 "type": "record",
 "name": "Request",
 "namespace": "weir",
 "doc": "One upstream attempt, after its last byte. Topic weir.requests, key request_id.",
 "fields": [
  {
   "name": "request_id",
   "type": {
    "type": "string",
    "logicalType": "uuid"
   },
   "doc": "UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"
  },
  {
   "name": "parent_id",
   "type": "string",
   "doc": "id of the client's call; equal for all its attempts (cf-aig-request-id)"
  },
  {
   "name": "event_id",
   "type": "string",
   "doc": "the client's cf-aig-event-id, else the parent id"
  },
  {
   "name": "attempt",
   "type": "int",
   "doc": "1 for the first try of a step, 2 for its first retry"
  },
  {
   "name": "step",
   "type": "int",
   "doc": "0-based step of a universal request (cf-aig-step)"
  },
  {
   "name": "ts",
   "type": {
    "type": "long",
    "logicalType": "timestamp-millis"
   },
   "doc": "when the ingress accepted the call, ms since the epoch"
  },
  {
   "name": "account",
   "type": "string",
   "doc": "first path segment after /v1, or 'default'"
  },
  {
   "name": "gateway",
   "type": "string",
   "doc": "gateway id, or 'default'"
  },
  {
   "name": "env",
   "type": "string",
   "doc": "promoted from metadata: deployment environment"
  },
  {
   "name": "feature",
   "type": "string",
   "doc": "promoted from metadata: product feature"
  },
  {
   "name": "user_id",
   "type": "string",
   "doc": "promoted from metadata: the caller's user"
  },
  {
   "name": "session_id",
   "type": "string",
   "doc": "promoted from metadata or cf-aig-session-id"
  },
  {
   "name": "trace_id",
   "type": "string",
   "doc": "32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"
  },
  {
   "name": "api_key_id",
   "type": "string",
   "doc": "fingerprint of the credential that was sent upstream, never the key"
  },
  {
   "name": "tags",
   "type": {
    "type": "map",
    "values": "string"
   },
   "doc": "the other metadata entries"
  },
  {
   "name": "provider",
   "type": "string",
   "doc": "provider slug of the path, e.g. openai, aws-bedrock, custom-acme"
  },
  {
   "name": "method",
   "type": "string",
   "doc": "HTTP method"
  },
  {
   "name": "path",
   "type": "string",
   "doc": "upstream path and query, secrets redacted"
  },
  {
   "name": "upstream_host",
   "type": "string",
   "doc": "host that was called, '' when none was"
  },
  {
   "name": "region",
   "type": "string",
   "doc": "region that the path names, '' when it names none",
   "default": ""
  },
  {
   "name": "user_agent",
   "type": "string",
   "doc": "the client's User-Agent"
  },
  {
   "name": "status",
   "type": "int",
   "doc": "upstream HTTP status, 0 when there was no answer"
  },
  {
   "name": "outcome",
   "type": {
    "type": "enum",
    "name": "Outcome",
    "symbols": [
     "ok",
     "client_error",
     "provider_error",
     "rate_limited",
     "timeout",
     "cancelled",
     "blocked"
    ],
    "default": "provider_error"
   },
   "doc": "how the attempt ended"
  },
  {
   "name": "error_code",
   "type": "string",
   "doc": "Weir's code of a gateway-side failure, e.g. UPSTREAM_REFUSED; '' when none"
  },
  {
   "name": "error_message",
   "type": "string",
   "doc": "one line about it; never holds a body or a credential"
  },
  {
   "name": "stream",
   "type": "boolean",
   "doc": "the answer was a stream (SSE, NDJSON, AWS event-stream)"
  },
  {
   "name": "complete",
   "type": "boolean",
   "doc": "the answer's last byte arrived from the provider"
  },
  {
   "name": "client_gone",
   "type": "boolean",
   "doc": "the client left before the last byte"
  },
  {
   "name": "cache_status",
   "type": {
    "type": "enum",
    "name": "CacheStatus",
    "symbols": [
     "none",
     "miss",
     "hit"
    ],
    "default": "none"
   },
   "doc": "gateway cache"
  },
  {
   "name": "duration_us",
   "type": "long",
   "doc": "accepted to last byte, µs"
  },
  {
   "name": "ttfb_us",
   "type": "long",
   "doc": "accepted to the first body byte of the answer, µs; 0 when none came"
  },
  {
   "name": "overhead_us",
   "type": "long",
   "doc": "of duration_us, what Weir itself added, µs"
  },
  {
   "name": "request_content_type",
   "type": "string"
  },
  {
   "name": "response_content_type",
   "type": "string"
  },
  {
   "name": "request_encoding",
   "type": "string",
   "doc": "content-encoding, '' for identity"
  },
  {
   "name": "response_encoding",
   "type": "string",
   "doc": "content-encoding, '' for identity"
  },
  {
   "name": "response_headers",
   "type": {
    "type": "map",
    "values": "string"
   },
   "doc": "allow-listed answer headers, lower case: request ids, usage, tier and rate-limit headers"
  },
  {
   "name": "request_bytes",
   "type": "long",
   "doc": "size of the whole request body as sent"
  },
  {
   "name": "response_bytes",
   "type": "long",
   "doc": "size of the whole response body as received"
  },
  {
   "name": "request_sha256",
   "type": "string",
   "doc": "64 hex digits over the whole request body"
  },
  {
   "name": "response_sha256",
   "type": "string",
   "doc": "64 hex digits over the whole response body"
  },
  {
   "name": "payload",
   "type": {
    "type": "enum",
    "name": "Payload",
    "symbols": [
     "full",
     "truncated",
     "off",
     "dropped"
    ],
    "default": "off"
   },
   "doc": "full: bodies whole; truncated: head and tail; off: switched off; dropped: left out under pressure"
  },
  {
   "name": "request_head",
   "type": "bytes",
   "doc": "the request body, or its head"
  },
  {
   "name": "request_tail",
   "type": "bytes",
   "doc": "its tail when truncated, else empty"
  },
  {
   "name": "response_head",
   "type": "bytes",
   "doc": "the response body, or its head"
  },
  {
   "name": "response_tail",
   "type": "bytes",
   "doc": "its tail when truncated, else empty"
  },
  {
   "name": "facts",
   "type": "string",
   "doc": "when payload is off or dropped: what was read from the bodies before they were let go (JSON), else ''"
  },
  {
   "name": "weir_version",
   "type": "string",
   "doc": "version of the ingress"
  }
 ]
} as const;
