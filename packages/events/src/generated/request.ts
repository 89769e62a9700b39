// Generated from schemas/request.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

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
  /** when the ingress accepted the call or, of a later attempt, began it, ms since the epoch */
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
  /** the caller's span: 16 hex digits from cf-aig-otel-parent-span-id or traceparent, else '' */
  readonly parent_span_id: string;
  /** fingerprint of the credential that was sent upstream, never the key */
  readonly api_key_id: string;
  /** name of the gateway token that called, '' when none did */
  readonly token_id: string;
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
  /** cf-aig-custom-cost as the client sent it, '' when it sent none */
  readonly custom_cost: string;
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
   "doc": "when the ingress accepted the call or, of a later attempt, began it, ms since the epoch"
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
   "name": "parent_span_id",
   "type": "string",
   "doc": "the caller's span: 16 hex digits from cf-aig-otel-parent-span-id or traceparent, else ''",
   "default": ""
  },
  {
   "name": "api_key_id",
   "type": "string",
   "doc": "fingerprint of the credential that was sent upstream, never the key"
  },
  {
   "name": "token_id",
   "type": "string",
   "doc": "name of the gateway token that called, '' when none did",
   "default": ""
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
   "name": "custom_cost",
   "type": "string",
   "doc": "cf-aig-custom-cost as the client sent it, '' when it sent none",
   "default": ""
  },
  {
   "name": "weir_version",
   "type": "string",
   "doc": "version of the ingress"
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const requestEarlierSchemas: readonly object[] = [{"type":"record","name":"Request","namespace":"weir","doc":"One upstream attempt, after its last byte. Topic weir.requests, key request_id.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call or, of a later attempt, began it, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"token_id","type":"string","doc":"name of the gateway token that called, '' when none did","default":""},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"provider","type":"string","doc":"provider slug of the path, e.g. openai, aws-bedrock, custom-acme"},{"name":"method","type":"string","doc":"HTTP method"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"upstream_host","type":"string","doc":"host that was called, '' when none was"},{"name":"region","type":"string","doc":"region that the path names, '' when it names none","default":""},{"name":"user_agent","type":"string","doc":"the client's User-Agent"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"},"doc":"how the attempt ended"},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure, e.g. UPSTREAM_REFUSED; '' when none"},{"name":"error_message","type":"string","doc":"one line about it; never holds a body or a credential"},{"name":"stream","type":"boolean","doc":"the answer was a stream (SSE, NDJSON, AWS event-stream)"},{"name":"complete","type":"boolean","doc":"the answer's last byte arrived from the provider"},{"name":"client_gone","type":"boolean","doc":"the client left before the last byte"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"},"doc":"gateway cache"},{"name":"duration_us","type":"long","doc":"accepted to last byte, µs"},{"name":"ttfb_us","type":"long","doc":"accepted to the first body byte of the answer, µs; 0 when none came"},{"name":"overhead_us","type":"long","doc":"of duration_us, what Weir itself added, µs"},{"name":"request_content_type","type":"string"},{"name":"response_content_type","type":"string"},{"name":"request_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_headers","type":{"type":"map","values":"string"},"doc":"allow-listed answer headers, lower case: request ids, usage, tier and rate-limit headers"},{"name":"request_bytes","type":"long","doc":"size of the whole request body as sent"},{"name":"response_bytes","type":"long","doc":"size of the whole response body as received"},{"name":"request_sha256","type":"string","doc":"64 hex digits over the whole request body"},{"name":"response_sha256","type":"string","doc":"64 hex digits over the whole response body"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"},"doc":"full: bodies whole; truncated: head and tail; off: switched off; dropped: left out under pressure"},{"name":"request_head","type":"bytes","doc":"the request body, or its head"},{"name":"request_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"response_head","type":"bytes","doc":"the response body, or its head"},{"name":"response_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"facts","type":"string","doc":"when payload is off or dropped: what was read from the bodies before they were let go (JSON), else ''"},{"name":"custom_cost","type":"string","doc":"cf-aig-custom-cost as the client sent it, '' when it sent none","default":""},{"name":"weir_version","type":"string","doc":"version of the ingress"}]},{"type":"record","name":"Request","namespace":"weir","doc":"One upstream attempt, after its last byte. Topic weir.requests, key request_id.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"provider","type":"string","doc":"provider slug of the path, e.g. openai, aws-bedrock, custom-acme"},{"name":"method","type":"string","doc":"HTTP method"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"upstream_host","type":"string","doc":"host that was called, '' when none was"},{"name":"region","type":"string","doc":"region that the path names, '' when it names none","default":""},{"name":"user_agent","type":"string","doc":"the client's User-Agent"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"},"doc":"how the attempt ended"},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure, e.g. UPSTREAM_REFUSED; '' when none"},{"name":"error_message","type":"string","doc":"one line about it; never holds a body or a credential"},{"name":"stream","type":"boolean","doc":"the answer was a stream (SSE, NDJSON, AWS event-stream)"},{"name":"complete","type":"boolean","doc":"the answer's last byte arrived from the provider"},{"name":"client_gone","type":"boolean","doc":"the client left before the last byte"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"},"doc":"gateway cache"},{"name":"duration_us","type":"long","doc":"accepted to last byte, µs"},{"name":"ttfb_us","type":"long","doc":"accepted to the first body byte of the answer, µs; 0 when none came"},{"name":"overhead_us","type":"long","doc":"of duration_us, what Weir itself added, µs"},{"name":"request_content_type","type":"string"},{"name":"response_content_type","type":"string"},{"name":"request_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_headers","type":{"type":"map","values":"string"},"doc":"allow-listed answer headers, lower case: request ids, usage, tier and rate-limit headers"},{"name":"request_bytes","type":"long","doc":"size of the whole request body as sent"},{"name":"response_bytes","type":"long","doc":"size of the whole response body as received"},{"name":"request_sha256","type":"string","doc":"64 hex digits over the whole request body"},{"name":"response_sha256","type":"string","doc":"64 hex digits over the whole response body"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"},"doc":"full: bodies whole; truncated: head and tail; off: switched off; dropped: left out under pressure"},{"name":"request_head","type":"bytes","doc":"the request body, or its head"},{"name":"request_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"response_head","type":"bytes","doc":"the response body, or its head"},{"name":"response_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"facts","type":"string","doc":"when payload is off or dropped: what was read from the bodies before they were let go (JSON), else ''"},{"name":"weir_version","type":"string","doc":"version of the ingress"}]},{"type":"record","name":"Request","namespace":"weir","doc":"One upstream attempt, after its last byte. Topic weir.requests, key request_id.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"provider","type":"string","doc":"provider slug of the path, e.g. openai, aws-bedrock, custom-acme"},{"name":"method","type":"string","doc":"HTTP method"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"upstream_host","type":"string","doc":"host that was called, '' when none was"},{"name":"region","type":"string","doc":"region that the path names, '' when it names none","default":""},{"name":"user_agent","type":"string","doc":"the client's User-Agent"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"},"doc":"how the attempt ended"},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure, e.g. UPSTREAM_REFUSED; '' when none"},{"name":"error_message","type":"string","doc":"one line about it; never holds a body or a credential"},{"name":"stream","type":"boolean","doc":"the answer was a stream (SSE, NDJSON, AWS event-stream)"},{"name":"complete","type":"boolean","doc":"the answer's last byte arrived from the provider"},{"name":"client_gone","type":"boolean","doc":"the client left before the last byte"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"},"doc":"gateway cache"},{"name":"duration_us","type":"long","doc":"accepted to last byte, µs"},{"name":"ttfb_us","type":"long","doc":"accepted to the first body byte of the answer, µs; 0 when none came"},{"name":"overhead_us","type":"long","doc":"of duration_us, what Weir itself added, µs"},{"name":"request_content_type","type":"string"},{"name":"response_content_type","type":"string"},{"name":"request_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_encoding","type":"string","doc":"content-encoding, '' for identity"},{"name":"response_headers","type":{"type":"map","values":"string"},"doc":"allow-listed answer headers, lower case: request ids, usage, tier and rate-limit headers"},{"name":"request_bytes","type":"long","doc":"size of the whole request body as sent"},{"name":"response_bytes","type":"long","doc":"size of the whole response body as received"},{"name":"request_sha256","type":"string","doc":"64 hex digits over the whole request body"},{"name":"response_sha256","type":"string","doc":"64 hex digits over the whole response body"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"},"doc":"full: bodies whole; truncated: head and tail; off: switched off; dropped: left out under pressure"},{"name":"request_head","type":"bytes","doc":"the request body, or its head"},{"name":"request_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"response_head","type":"bytes","doc":"the response body, or its head"},{"name":"response_tail","type":"bytes","doc":"its tail when truncated, else empty"},{"name":"facts","type":"string","doc":"when payload is off or dropped: what was read from the bodies before they were let go (JSON), else ''"},{"name":"custom_cost","type":"string","doc":"cf-aig-custom-cost as the client sent it, '' when it sent none","default":""},{"name":"weir_version","type":"string","doc":"version of the ingress"}]}];

const OutcomeSymbols: readonly Outcome[] = ["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"];
const OutcomeIndices: ReadonlyMap<string, number> = new Map(OutcomeSymbols.map((symbol, index) => [symbol, index]));

const CacheStatusSymbols: readonly CacheStatus[] = ["none","miss","hit"];
const CacheStatusIndices: ReadonlyMap<string, number> = new Map(CacheStatusSymbols.map((symbol, index) => [symbol, index]));

const PayloadSymbols: readonly Payload[] = ["full","truncated","off","dropped"];
const PayloadIndices: ReadonlyMap<string, number> = new Map(PayloadSymbols.map((symbol, index) => [symbol, index]));

export function readRequest(input: AvroInput): Request {
  return {
    request_id: input.string(),
    parent_id: input.string(),
    event_id: input.string(),
    attempt: input.int(),
    step: input.int(),
    ts: input.long(),
    account: input.string(),
    gateway: input.string(),
    env: input.string(),
    feature: input.string(),
    user_id: input.string(),
    session_id: input.string(),
    trace_id: input.string(),
    parent_span_id: input.string(),
    api_key_id: input.string(),
    token_id: input.string(),
    tags: input.map((input) => input.string()),
    provider: input.string(),
    method: input.string(),
    path: input.string(),
    upstream_host: input.string(),
    region: input.string(),
    user_agent: input.string(),
    status: input.int(),
    outcome: input.symbol(OutcomeSymbols),
    error_code: input.string(),
    error_message: input.string(),
    stream: input.boolean(),
    complete: input.boolean(),
    client_gone: input.boolean(),
    cache_status: input.symbol(CacheStatusSymbols),
    duration_us: input.long(),
    ttfb_us: input.long(),
    overhead_us: input.long(),
    request_content_type: input.string(),
    response_content_type: input.string(),
    request_encoding: input.string(),
    response_encoding: input.string(),
    response_headers: input.map((input) => input.string()),
    request_bytes: input.long(),
    response_bytes: input.long(),
    request_sha256: input.string(),
    response_sha256: input.string(),
    payload: input.symbol(PayloadSymbols),
    request_head: input.bytes(),
    request_tail: input.bytes(),
    response_head: input.bytes(),
    response_tail: input.bytes(),
    facts: input.string(),
    custom_cost: input.string(),
    weir_version: input.string(),
  };
}

export function writeRequest(output: AvroOutput, event: Request): void {
  output.string(event.request_id);
  output.string(event.parent_id);
  output.string(event.event_id);
  output.int(event.attempt);
  output.int(event.step);
  output.long(event.ts);
  output.string(event.account);
  output.string(event.gateway);
  output.string(event.env);
  output.string(event.feature);
  output.string(event.user_id);
  output.string(event.session_id);
  output.string(event.trace_id);
  output.string(event.parent_span_id);
  output.string(event.api_key_id);
  output.string(event.token_id);
  output.map(event.tags, (output, item) => output.string(item));
  output.string(event.provider);
  output.string(event.method);
  output.string(event.path);
  output.string(event.upstream_host);
  output.string(event.region);
  output.string(event.user_agent);
  output.int(event.status);
  output.symbol(OutcomeIndices, event.outcome);
  output.string(event.error_code);
  output.string(event.error_message);
  output.boolean(event.stream);
  output.boolean(event.complete);
  output.boolean(event.client_gone);
  output.symbol(CacheStatusIndices, event.cache_status);
  output.long(event.duration_us);
  output.long(event.ttfb_us);
  output.long(event.overhead_us);
  output.string(event.request_content_type);
  output.string(event.response_content_type);
  output.string(event.request_encoding);
  output.string(event.response_encoding);
  output.map(event.response_headers, (output, item) => output.string(item));
  output.long(event.request_bytes);
  output.long(event.response_bytes);
  output.string(event.request_sha256);
  output.string(event.response_sha256);
  output.symbol(PayloadIndices, event.payload);
  output.bytes(event.request_head);
  output.bytes(event.request_tail);
  output.bytes(event.response_head);
  output.bytes(event.response_tail);
  output.string(event.facts);
  output.string(event.custom_cost);
  output.string(event.weir_version);
}
