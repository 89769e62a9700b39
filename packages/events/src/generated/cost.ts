// Generated from schemas/cost.avsc by `pnpm generate`. Change the schema, not this file.

import type { AvroInput } from '../avro/avro-input.ts';
import type { AvroOutput } from '../avro/avro-output.ts';

export type Outcome = 'ok' | 'client_error' | 'provider_error' | 'rate_limited' | 'timeout' | 'cancelled' | 'blocked';
export type CacheStatus = 'none' | 'miss' | 'hit';
export type UsageSource = 'reported' | 'partial' | 'estimated' | 'missing';
export type CostSource = 'computed' | 'reported' | 'override' | 'unpriced' | 'none';
/** one usage class × one rate */
export interface CostLine {
  /** billable class, e.g. input, cache_read, output, web_search */
  readonly class: string;
  /** units of the class; whole for tokens */
  readonly quantity: number;
  /** token, search, second, page, ... */
  readonly unit: string;
  /** decimal text: USD for `per` units, '' when there is no rate */
  readonly rate_usd: string;
  /** units that the rate is for, e.g. 1000000 */
  readonly per: number;
  /** id of the price-book row, '' when there is no rate */
  readonly rate_id: string;
  /** quantity × rate ÷ per; null when there is no rate. Pico-dollars. */
  readonly amount_usd: null | bigint;
}
export type Payload = 'full' | 'truncated' | 'off' | 'dropped';
/** The ledger row of one upstream attempt. Topic weir.costs, key request_id, partition of its request. */
export interface Cost {
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
  /** the caller's span: 16 hex digits from cf-aig-otel-parent-span-id or traceparent, else '' */
  readonly parent_span_id: string;
  /** fingerprint of the credential that was sent upstream, never the key */
  readonly api_key_id: string;
  /** name of the gateway token that called, '' when none did */
  readonly token_id: string;
  /** the other metadata entries */
  readonly tags: Readonly<Record<string, string>>;
  /** 1 for the first pricing; a correction is a higher one beside it */
  readonly revision: number;
  /** provider slug */
  readonly provider: string;
  /** canonical provider of the price book, '' when unknown */
  readonly pricing_provider: string;
  /** gen_ai.operation.name: chat, embeddings, ... */
  readonly operation: string;
  /** as asked */
  readonly request_model: string;
  /** as answered */
  readonly response_model: string;
  /** model of the price book whose rates were used, '' when none */
  readonly priced_model: string;
  /** the provider's id of the answer */
  readonly response_id: string;
  /** gen_ai.response.finish_reasons */
  readonly finish_reasons: readonly string[];
  /** as served, the provider's word */
  readonly service_tier: string;
  /** region or data residency where it changes the price */
  readonly region: string;
  /** 16 hex digits: fingerprint of system prompt and tools, without the user's words; '' when none */
  readonly prompt_fp: string;
  /** upstream path and query, secrets redacted */
  readonly path: string;
  readonly stream: boolean;
  readonly complete: boolean;
  /** upstream HTTP status, 0 when there was no answer */
  readonly status: number;
  readonly outcome: Outcome;
  /** Weir's code of a gateway-side failure */
  readonly error_code: string;
  /** error.type: category of a provider's error, '' when none */
  readonly error_type: string;
  readonly cache_status: CacheStatus;
  /** 32 hex digits, equal for requests that could share a cached answer; '' when none could */
  readonly cache_key: string;
  readonly duration_ms: number;
  /** 0 when no byte came */
  readonly ttfb_ms: number;
  readonly overhead_us: number;
  /** gross: cached tokens included */
  readonly input_tokens: number;
  /** gross: reasoning included */
  readonly output_tokens: number;
  /** the provider's own total where reported */
  readonly total_tokens: number;
  /** part of input_tokens */
  readonly cache_read_tokens: number;
  /** part of input_tokens, all lifetimes */
  readonly cache_write_tokens: number;
  /** part of cache_write_tokens */
  readonly cache_write_5m_tokens: number;
  /** part of cache_write_tokens */
  readonly cache_write_1h_tokens: number;
  /** part of output_tokens */
  readonly reasoning_tokens: number;
  /** disjoint billable classes and units, the quantities of cost_lines */
  readonly usage: Readonly<Record<string, number>>;
  /** where the counts came from */
  readonly usage_source: UsageSource;
  /** rules the counts broke */
  readonly usage_flags: readonly string[];
  /** the provider's usage object verbatim */
  readonly usage_raw: string;
  /** what the attempt cost; null when unknown, never 0 for unknown. Pico-dollars. */
  readonly cost_usd: null | bigint;
  /** priced input lines. Pico-dollars. */
  readonly cost_input_usd: bigint;
  /** Pico-dollars. */
  readonly cost_cache_read_usd: bigint;
  /** Pico-dollars. */
  readonly cost_cache_write_usd: bigint;
  /** Pico-dollars. */
  readonly cost_output_usd: bigint;
  /** searches, images, seconds, .... Pico-dollars. */
  readonly cost_other_usd: bigint;
  /** the provider's own figure, null when it gave none. Pico-dollars. */
  readonly cost_reported_usd: null | bigint;
  /** what a cache hit would have cost. Pico-dollars. */
  readonly cost_saved_usd: bigint;
  /** where the cost came from */
  readonly cost_source: CostSource;
  /** e.g. assumed */
  readonly cost_flags: readonly string[];
  /** why cost_usd is null, else '' */
  readonly unpriced_reason: string;
  readonly price_book_version: string;
  /** usage class × rate = amount. Pico-dollars. */
  readonly cost_lines: readonly CostLine[];
  /** first 200 characters of the last user text; '' when payloads are off */
  readonly prompt_preview: string;
  /** first 200 characters of the answer; '' when payloads are off */
  readonly response_preview: string;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly payload: Payload;
  /** lineage: partition of the request event */
  readonly source_partition: number;
  /** lineage: offset of the request event; rises within source_partition */
  readonly source_offset: number;
}

export const costSchema = {
 "type": "record",
 "name": "Cost",
 "namespace": "weir",
 "doc": "The ledger row of one upstream attempt. Topic weir.costs, key request_id, partition of its request.",
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
   "name": "revision",
   "type": "int",
   "doc": "1 for the first pricing; a correction is a higher one beside it"
  },
  {
   "name": "provider",
   "type": "string",
   "doc": "provider slug"
  },
  {
   "name": "pricing_provider",
   "type": "string",
   "doc": "canonical provider of the price book, '' when unknown"
  },
  {
   "name": "operation",
   "type": "string",
   "doc": "gen_ai.operation.name: chat, embeddings, ..."
  },
  {
   "name": "request_model",
   "type": "string",
   "doc": "as asked"
  },
  {
   "name": "response_model",
   "type": "string",
   "doc": "as answered"
  },
  {
   "name": "priced_model",
   "type": "string",
   "doc": "model of the price book whose rates were used, '' when none"
  },
  {
   "name": "response_id",
   "type": "string",
   "doc": "the provider's id of the answer"
  },
  {
   "name": "finish_reasons",
   "type": {
    "type": "array",
    "items": "string"
   },
   "doc": "gen_ai.response.finish_reasons"
  },
  {
   "name": "service_tier",
   "type": "string",
   "doc": "as served, the provider's word"
  },
  {
   "name": "region",
   "type": "string",
   "doc": "region or data residency where it changes the price"
  },
  {
   "name": "prompt_fp",
   "type": "string",
   "doc": "16 hex digits: fingerprint of system prompt and tools, without the user's words; '' when none"
  },
  {
   "name": "path",
   "type": "string",
   "doc": "upstream path and query, secrets redacted"
  },
  {
   "name": "stream",
   "type": "boolean"
  },
  {
   "name": "complete",
   "type": "boolean"
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
   }
  },
  {
   "name": "error_code",
   "type": "string",
   "doc": "Weir's code of a gateway-side failure"
  },
  {
   "name": "error_type",
   "type": "string",
   "doc": "error.type: category of a provider's error, '' when none"
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
   }
  },
  {
   "name": "cache_key",
   "type": "string",
   "doc": "32 hex digits, equal for requests that could share a cached answer; '' when none could",
   "default": ""
  },
  {
   "name": "duration_ms",
   "type": "long"
  },
  {
   "name": "ttfb_ms",
   "type": "long",
   "doc": "0 when no byte came"
  },
  {
   "name": "overhead_us",
   "type": "long"
  },
  {
   "name": "input_tokens",
   "type": "long",
   "doc": "gross: cached tokens included"
  },
  {
   "name": "output_tokens",
   "type": "long",
   "doc": "gross: reasoning included"
  },
  {
   "name": "total_tokens",
   "type": "long",
   "doc": "the provider's own total where reported"
  },
  {
   "name": "cache_read_tokens",
   "type": "long",
   "doc": "part of input_tokens"
  },
  {
   "name": "cache_write_tokens",
   "type": "long",
   "doc": "part of input_tokens, all lifetimes"
  },
  {
   "name": "cache_write_5m_tokens",
   "type": "long",
   "doc": "part of cache_write_tokens"
  },
  {
   "name": "cache_write_1h_tokens",
   "type": "long",
   "doc": "part of cache_write_tokens"
  },
  {
   "name": "reasoning_tokens",
   "type": "long",
   "doc": "part of output_tokens"
  },
  {
   "name": "usage",
   "type": {
    "type": "map",
    "values": "double"
   },
   "doc": "disjoint billable classes and units, the quantities of cost_lines"
  },
  {
   "name": "usage_source",
   "type": {
    "type": "enum",
    "name": "UsageSource",
    "symbols": [
     "reported",
     "partial",
     "estimated",
     "missing"
    ],
    "default": "missing"
   },
   "doc": "where the counts came from"
  },
  {
   "name": "usage_flags",
   "type": {
    "type": "array",
    "items": "string"
   },
   "doc": "rules the counts broke"
  },
  {
   "name": "usage_raw",
   "type": "string",
   "doc": "the provider's usage object verbatim"
  },
  {
   "name": "cost_usd",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "what the attempt cost; null when unknown, never 0 for unknown"
  },
  {
   "name": "cost_input_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   },
   "doc": "priced input lines"
  },
  {
   "name": "cost_cache_read_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   }
  },
  {
   "name": "cost_cache_write_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   }
  },
  {
   "name": "cost_output_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   }
  },
  {
   "name": "cost_other_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   },
   "doc": "searches, images, seconds, ..."
  },
  {
   "name": "cost_reported_usd",
   "type": [
    "null",
    {
     "type": "bytes",
     "logicalType": "decimal",
     "precision": 18,
     "scale": 12
    }
   ],
   "doc": "the provider's own figure, null when it gave none"
  },
  {
   "name": "cost_saved_usd",
   "type": {
    "type": "bytes",
    "logicalType": "decimal",
    "precision": 18,
    "scale": 12
   },
   "doc": "what a cache hit would have cost"
  },
  {
   "name": "cost_source",
   "type": {
    "type": "enum",
    "name": "CostSource",
    "symbols": [
     "computed",
     "reported",
     "override",
     "unpriced",
     "none"
    ],
    "default": "unpriced"
   },
   "doc": "where the cost came from"
  },
  {
   "name": "cost_flags",
   "type": {
    "type": "array",
    "items": "string"
   },
   "doc": "e.g. assumed"
  },
  {
   "name": "unpriced_reason",
   "type": "string",
   "doc": "why cost_usd is null, else ''"
  },
  {
   "name": "price_book_version",
   "type": "string"
  },
  {
   "name": "cost_lines",
   "type": {
    "type": "array",
    "items": {
     "type": "record",
     "name": "CostLine",
     "doc": "one usage class × one rate",
     "fields": [
      {
       "name": "class",
       "type": "string",
       "doc": "billable class, e.g. input, cache_read, output, web_search"
      },
      {
       "name": "quantity",
       "type": "double",
       "doc": "units of the class; whole for tokens"
      },
      {
       "name": "unit",
       "type": "string",
       "doc": "token, search, second, page, ..."
      },
      {
       "name": "rate_usd",
       "type": "string",
       "doc": "decimal text: USD for `per` units, '' when there is no rate"
      },
      {
       "name": "per",
       "type": "long",
       "doc": "units that the rate is for, e.g. 1000000"
      },
      {
       "name": "rate_id",
       "type": "string",
       "doc": "id of the price-book row, '' when there is no rate"
      },
      {
       "name": "amount_usd",
       "type": [
        "null",
        {
         "type": "bytes",
         "logicalType": "decimal",
         "precision": 18,
         "scale": 12
        }
       ],
       "doc": "quantity × rate ÷ per; null when there is no rate"
      }
     ]
    }
   },
   "doc": "usage class × rate = amount"
  },
  {
   "name": "prompt_preview",
   "type": "string",
   "doc": "first 200 characters of the last user text; '' when payloads are off"
  },
  {
   "name": "response_preview",
   "type": "string",
   "doc": "first 200 characters of the answer; '' when payloads are off"
  },
  {
   "name": "request_bytes",
   "type": "long"
  },
  {
   "name": "response_bytes",
   "type": "long"
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
   }
  },
  {
   "name": "source_partition",
   "type": "int",
   "doc": "lineage: partition of the request event"
  },
  {
   "name": "source_offset",
   "type": "long",
   "doc": "lineage: offset of the request event; rises within source_partition"
  }
 ]
} as const;

/** Schemas that earlier versions wrote: their records stay readable. */
export const costEarlierSchemas: readonly object[] = [{"type":"record","name":"Cost","namespace":"weir","doc":"The ledger row of one upstream attempt. Topic weir.costs, key request_id, partition of its request.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"token_id","type":"string","doc":"name of the gateway token that called, '' when none did","default":""},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"revision","type":"int","doc":"1 for the first pricing; a correction is a higher one beside it"},{"name":"provider","type":"string","doc":"provider slug"},{"name":"pricing_provider","type":"string","doc":"canonical provider of the price book, '' when unknown"},{"name":"operation","type":"string","doc":"gen_ai.operation.name: chat, embeddings, ..."},{"name":"request_model","type":"string","doc":"as asked"},{"name":"response_model","type":"string","doc":"as answered"},{"name":"priced_model","type":"string","doc":"model of the price book whose rates were used, '' when none"},{"name":"response_id","type":"string","doc":"the provider's id of the answer"},{"name":"finish_reasons","type":{"type":"array","items":"string"},"doc":"gen_ai.response.finish_reasons"},{"name":"service_tier","type":"string","doc":"as served, the provider's word"},{"name":"region","type":"string","doc":"region or data residency where it changes the price"},{"name":"prompt_fp","type":"string","doc":"16 hex digits: fingerprint of system prompt and tools, without the user's words; '' when none"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"stream","type":"boolean"},{"name":"complete","type":"boolean"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"}},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure"},{"name":"error_type","type":"string","doc":"error.type: category of a provider's error, '' when none"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"}},{"name":"duration_ms","type":"long"},{"name":"ttfb_ms","type":"long","doc":"0 when no byte came"},{"name":"overhead_us","type":"long"},{"name":"input_tokens","type":"long","doc":"gross: cached tokens included"},{"name":"output_tokens","type":"long","doc":"gross: reasoning included"},{"name":"total_tokens","type":"long","doc":"the provider's own total where reported"},{"name":"cache_read_tokens","type":"long","doc":"part of input_tokens"},{"name":"cache_write_tokens","type":"long","doc":"part of input_tokens, all lifetimes"},{"name":"cache_write_5m_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"cache_write_1h_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"reasoning_tokens","type":"long","doc":"part of output_tokens"},{"name":"usage","type":{"type":"map","values":"double"},"doc":"disjoint billable classes and units, the quantities of cost_lines"},{"name":"usage_source","type":{"type":"enum","name":"UsageSource","symbols":["reported","partial","estimated","missing"],"default":"missing"},"doc":"where the counts came from"},{"name":"usage_flags","type":{"type":"array","items":"string"},"doc":"rules the counts broke"},{"name":"usage_raw","type":"string","doc":"the provider's usage object verbatim"},{"name":"cost_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"what the attempt cost; null when unknown, never 0 for unknown"},{"name":"cost_input_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"priced input lines"},{"name":"cost_cache_read_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_cache_write_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_output_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_other_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"searches, images, seconds, ..."},{"name":"cost_reported_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"the provider's own figure, null when it gave none"},{"name":"cost_saved_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"what a cache hit would have cost"},{"name":"cost_source","type":{"type":"enum","name":"CostSource","symbols":["computed","reported","override","unpriced","none"],"default":"unpriced"},"doc":"where the cost came from"},{"name":"cost_flags","type":{"type":"array","items":"string"},"doc":"e.g. assumed"},{"name":"unpriced_reason","type":"string","doc":"why cost_usd is null, else ''"},{"name":"price_book_version","type":"string"},{"name":"cost_lines","type":{"type":"array","items":{"type":"record","name":"CostLine","doc":"one usage class × one rate","fields":[{"name":"class","type":"string","doc":"billable class, e.g. input, cache_read, output, web_search"},{"name":"quantity","type":"double","doc":"units of the class; whole for tokens"},{"name":"unit","type":"string","doc":"token, search, second, page, ..."},{"name":"rate_usd","type":"string","doc":"decimal text: USD for `per` units, '' when there is no rate"},{"name":"per","type":"long","doc":"units that the rate is for, e.g. 1000000"},{"name":"rate_id","type":"string","doc":"id of the price-book row, '' when there is no rate"},{"name":"amount_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"quantity × rate ÷ per; null when there is no rate"}]}},"doc":"usage class × rate = amount"},{"name":"prompt_preview","type":"string","doc":"first 200 characters of the last user text; '' when payloads are off"},{"name":"response_preview","type":"string","doc":"first 200 characters of the answer; '' when payloads are off"},{"name":"request_bytes","type":"long"},{"name":"response_bytes","type":"long"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"}},{"name":"source_partition","type":"int","doc":"lineage: partition of the request event"},{"name":"source_offset","type":"long","doc":"lineage: offset of the request event; rises within source_partition"}]},{"type":"record","name":"Cost","namespace":"weir","doc":"The ledger row of one upstream attempt. Topic weir.costs, key request_id, partition of its request.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"revision","type":"int","doc":"1 for the first pricing; a correction is a higher one beside it"},{"name":"provider","type":"string","doc":"provider slug"},{"name":"pricing_provider","type":"string","doc":"canonical provider of the price book, '' when unknown"},{"name":"operation","type":"string","doc":"gen_ai.operation.name: chat, embeddings, ..."},{"name":"request_model","type":"string","doc":"as asked"},{"name":"response_model","type":"string","doc":"as answered"},{"name":"priced_model","type":"string","doc":"model of the price book whose rates were used, '' when none"},{"name":"response_id","type":"string","doc":"the provider's id of the answer"},{"name":"finish_reasons","type":{"type":"array","items":"string"},"doc":"gen_ai.response.finish_reasons"},{"name":"service_tier","type":"string","doc":"as served, the provider's word"},{"name":"region","type":"string","doc":"region or data residency where it changes the price"},{"name":"prompt_fp","type":"string","doc":"16 hex digits: fingerprint of system prompt and tools, without the user's words; '' when none"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"stream","type":"boolean"},{"name":"complete","type":"boolean"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"}},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure"},{"name":"error_type","type":"string","doc":"error.type: category of a provider's error, '' when none"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"}},{"name":"duration_ms","type":"long"},{"name":"ttfb_ms","type":"long","doc":"0 when no byte came"},{"name":"overhead_us","type":"long"},{"name":"input_tokens","type":"long","doc":"gross: cached tokens included"},{"name":"output_tokens","type":"long","doc":"gross: reasoning included"},{"name":"total_tokens","type":"long","doc":"the provider's own total where reported"},{"name":"cache_read_tokens","type":"long","doc":"part of input_tokens"},{"name":"cache_write_tokens","type":"long","doc":"part of input_tokens, all lifetimes"},{"name":"cache_write_5m_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"cache_write_1h_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"reasoning_tokens","type":"long","doc":"part of output_tokens"},{"name":"usage","type":{"type":"map","values":"double"},"doc":"disjoint billable classes and units, the quantities of cost_lines"},{"name":"usage_source","type":{"type":"enum","name":"UsageSource","symbols":["reported","partial","estimated","missing"],"default":"missing"},"doc":"where the counts came from"},{"name":"usage_flags","type":{"type":"array","items":"string"},"doc":"rules the counts broke"},{"name":"usage_raw","type":"string","doc":"the provider's usage object verbatim"},{"name":"cost_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"what the attempt cost; null when unknown, never 0 for unknown"},{"name":"cost_input_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"priced input lines"},{"name":"cost_cache_read_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_cache_write_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_output_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_other_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"searches, images, seconds, ..."},{"name":"cost_reported_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"the provider's own figure, null when it gave none"},{"name":"cost_saved_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"what a cache hit would have cost"},{"name":"cost_source","type":{"type":"enum","name":"CostSource","symbols":["computed","reported","override","unpriced","none"],"default":"unpriced"},"doc":"where the cost came from"},{"name":"cost_flags","type":{"type":"array","items":"string"},"doc":"e.g. assumed"},{"name":"unpriced_reason","type":"string","doc":"why cost_usd is null, else ''"},{"name":"price_book_version","type":"string"},{"name":"cost_lines","type":{"type":"array","items":{"type":"record","name":"CostLine","doc":"one usage class × one rate","fields":[{"name":"class","type":"string","doc":"billable class, e.g. input, cache_read, output, web_search"},{"name":"quantity","type":"double","doc":"units of the class; whole for tokens"},{"name":"unit","type":"string","doc":"token, search, second, page, ..."},{"name":"rate_usd","type":"string","doc":"decimal text: USD for `per` units, '' when there is no rate"},{"name":"per","type":"long","doc":"units that the rate is for, e.g. 1000000"},{"name":"rate_id","type":"string","doc":"id of the price-book row, '' when there is no rate"},{"name":"amount_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"quantity × rate ÷ per; null when there is no rate"}]}},"doc":"usage class × rate = amount"},{"name":"prompt_preview","type":"string","doc":"first 200 characters of the last user text; '' when payloads are off"},{"name":"response_preview","type":"string","doc":"first 200 characters of the answer; '' when payloads are off"},{"name":"request_bytes","type":"long"},{"name":"response_bytes","type":"long"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"}},{"name":"source_partition","type":"int","doc":"lineage: partition of the request event"},{"name":"source_offset","type":"long","doc":"lineage: offset of the request event; rises within source_partition"}]},{"type":"record","name":"Cost","namespace":"weir","doc":"The ledger row of one upstream attempt. Topic weir.costs, key request_id, partition of its request.","fields":[{"name":"request_id","type":{"type":"string","logicalType":"uuid"},"doc":"UUIDv7 of this upstream attempt; the identity of the ledger row and the answer's cf-aig-log-id"},{"name":"parent_id","type":"string","doc":"id of the client's call; equal for all its attempts (cf-aig-request-id)"},{"name":"event_id","type":"string","doc":"the client's cf-aig-event-id, else the parent id"},{"name":"attempt","type":"int","doc":"1 for the first try of a step, 2 for its first retry"},{"name":"step","type":"int","doc":"0-based step of a universal request (cf-aig-step)"},{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"when the ingress accepted the call, ms since the epoch"},{"name":"account","type":"string","doc":"first path segment after /v1, or 'default'"},{"name":"gateway","type":"string","doc":"gateway id, or 'default'"},{"name":"env","type":"string","doc":"promoted from metadata: deployment environment"},{"name":"feature","type":"string","doc":"promoted from metadata: product feature"},{"name":"user_id","type":"string","doc":"promoted from metadata: the caller's user"},{"name":"session_id","type":"string","doc":"promoted from metadata or cf-aig-session-id"},{"name":"trace_id","type":"string","doc":"32 hex digits from cf-aig-otel-trace-id or traceparent, else ''"},{"name":"api_key_id","type":"string","doc":"fingerprint of the credential that was sent upstream, never the key"},{"name":"token_id","type":"string","doc":"name of the gateway token that called, '' when none did","default":""},{"name":"tags","type":{"type":"map","values":"string"},"doc":"the other metadata entries"},{"name":"revision","type":"int","doc":"1 for the first pricing; a correction is a higher one beside it"},{"name":"provider","type":"string","doc":"provider slug"},{"name":"pricing_provider","type":"string","doc":"canonical provider of the price book, '' when unknown"},{"name":"operation","type":"string","doc":"gen_ai.operation.name: chat, embeddings, ..."},{"name":"request_model","type":"string","doc":"as asked"},{"name":"response_model","type":"string","doc":"as answered"},{"name":"priced_model","type":"string","doc":"model of the price book whose rates were used, '' when none"},{"name":"response_id","type":"string","doc":"the provider's id of the answer"},{"name":"finish_reasons","type":{"type":"array","items":"string"},"doc":"gen_ai.response.finish_reasons"},{"name":"service_tier","type":"string","doc":"as served, the provider's word"},{"name":"region","type":"string","doc":"region or data residency where it changes the price"},{"name":"prompt_fp","type":"string","doc":"16 hex digits: fingerprint of system prompt and tools, without the user's words; '' when none"},{"name":"path","type":"string","doc":"upstream path and query, secrets redacted"},{"name":"stream","type":"boolean"},{"name":"complete","type":"boolean"},{"name":"status","type":"int","doc":"upstream HTTP status, 0 when there was no answer"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"],"default":"provider_error"}},{"name":"error_code","type":"string","doc":"Weir's code of a gateway-side failure"},{"name":"error_type","type":"string","doc":"error.type: category of a provider's error, '' when none"},{"name":"cache_status","type":{"type":"enum","name":"CacheStatus","symbols":["none","miss","hit"],"default":"none"}},{"name":"cache_key","type":"string","doc":"32 hex digits, equal for requests that could share a cached answer; '' when none could","default":""},{"name":"duration_ms","type":"long"},{"name":"ttfb_ms","type":"long","doc":"0 when no byte came"},{"name":"overhead_us","type":"long"},{"name":"input_tokens","type":"long","doc":"gross: cached tokens included"},{"name":"output_tokens","type":"long","doc":"gross: reasoning included"},{"name":"total_tokens","type":"long","doc":"the provider's own total where reported"},{"name":"cache_read_tokens","type":"long","doc":"part of input_tokens"},{"name":"cache_write_tokens","type":"long","doc":"part of input_tokens, all lifetimes"},{"name":"cache_write_5m_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"cache_write_1h_tokens","type":"long","doc":"part of cache_write_tokens"},{"name":"reasoning_tokens","type":"long","doc":"part of output_tokens"},{"name":"usage","type":{"type":"map","values":"double"},"doc":"disjoint billable classes and units, the quantities of cost_lines"},{"name":"usage_source","type":{"type":"enum","name":"UsageSource","symbols":["reported","partial","estimated","missing"],"default":"missing"},"doc":"where the counts came from"},{"name":"usage_flags","type":{"type":"array","items":"string"},"doc":"rules the counts broke"},{"name":"usage_raw","type":"string","doc":"the provider's usage object verbatim"},{"name":"cost_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"what the attempt cost; null when unknown, never 0 for unknown"},{"name":"cost_input_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"priced input lines"},{"name":"cost_cache_read_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_cache_write_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_output_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}},{"name":"cost_other_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"searches, images, seconds, ..."},{"name":"cost_reported_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"the provider's own figure, null when it gave none"},{"name":"cost_saved_usd","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":12},"doc":"what a cache hit would have cost"},{"name":"cost_source","type":{"type":"enum","name":"CostSource","symbols":["computed","reported","override","unpriced","none"],"default":"unpriced"},"doc":"where the cost came from"},{"name":"cost_flags","type":{"type":"array","items":"string"},"doc":"e.g. assumed"},{"name":"unpriced_reason","type":"string","doc":"why cost_usd is null, else ''"},{"name":"price_book_version","type":"string"},{"name":"cost_lines","type":{"type":"array","items":{"type":"record","name":"CostLine","doc":"one usage class × one rate","fields":[{"name":"class","type":"string","doc":"billable class, e.g. input, cache_read, output, web_search"},{"name":"quantity","type":"double","doc":"units of the class; whole for tokens"},{"name":"unit","type":"string","doc":"token, search, second, page, ..."},{"name":"rate_usd","type":"string","doc":"decimal text: USD for `per` units, '' when there is no rate"},{"name":"per","type":"long","doc":"units that the rate is for, e.g. 1000000"},{"name":"rate_id","type":"string","doc":"id of the price-book row, '' when there is no rate"},{"name":"amount_usd","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":12}],"doc":"quantity × rate ÷ per; null when there is no rate"}]}},"doc":"usage class × rate = amount"},{"name":"prompt_preview","type":"string","doc":"first 200 characters of the last user text; '' when payloads are off"},{"name":"response_preview","type":"string","doc":"first 200 characters of the answer; '' when payloads are off"},{"name":"request_bytes","type":"long"},{"name":"response_bytes","type":"long"},{"name":"payload","type":{"type":"enum","name":"Payload","symbols":["full","truncated","off","dropped"],"default":"off"}},{"name":"source_partition","type":"int","doc":"lineage: partition of the request event"},{"name":"source_offset","type":"long","doc":"lineage: offset of the request event; rises within source_partition"}]}];

const OutcomeSymbols: readonly Outcome[] = ["ok","client_error","provider_error","rate_limited","timeout","cancelled","blocked"];
const OutcomeIndices: ReadonlyMap<string, number> = new Map(OutcomeSymbols.map((symbol, index) => [symbol, index]));

const CacheStatusSymbols: readonly CacheStatus[] = ["none","miss","hit"];
const CacheStatusIndices: ReadonlyMap<string, number> = new Map(CacheStatusSymbols.map((symbol, index) => [symbol, index]));

const UsageSourceSymbols: readonly UsageSource[] = ["reported","partial","estimated","missing"];
const UsageSourceIndices: ReadonlyMap<string, number> = new Map(UsageSourceSymbols.map((symbol, index) => [symbol, index]));

const CostSourceSymbols: readonly CostSource[] = ["computed","reported","override","unpriced","none"];
const CostSourceIndices: ReadonlyMap<string, number> = new Map(CostSourceSymbols.map((symbol, index) => [symbol, index]));

function readCostLine(input: AvroInput): CostLine {
  return {
    class: input.string(),
    quantity: input.double(),
    unit: input.string(),
    rate_usd: input.string(),
    per: input.long(),
    rate_id: input.string(),
    amount_usd: input.present() ? input.decimal() : null,
  };
}

function writeCostLine(output: AvroOutput, event: CostLine): void {
  output.string(event.class);
  output.double(event.quantity);
  output.string(event.unit);
  output.string(event.rate_usd);
  output.long(event.per);
  output.string(event.rate_id);
  if (event.amount_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.amount_usd);
  }
}

const PayloadSymbols: readonly Payload[] = ["full","truncated","off","dropped"];
const PayloadIndices: ReadonlyMap<string, number> = new Map(PayloadSymbols.map((symbol, index) => [symbol, index]));

export function readCost(input: AvroInput): Cost {
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
    revision: input.int(),
    provider: input.string(),
    pricing_provider: input.string(),
    operation: input.string(),
    request_model: input.string(),
    response_model: input.string(),
    priced_model: input.string(),
    response_id: input.string(),
    finish_reasons: input.array((input) => input.string()),
    service_tier: input.string(),
    region: input.string(),
    prompt_fp: input.string(),
    path: input.string(),
    stream: input.boolean(),
    complete: input.boolean(),
    status: input.int(),
    outcome: input.symbol(OutcomeSymbols),
    error_code: input.string(),
    error_type: input.string(),
    cache_status: input.symbol(CacheStatusSymbols),
    cache_key: input.string(),
    duration_ms: input.long(),
    ttfb_ms: input.long(),
    overhead_us: input.long(),
    input_tokens: input.long(),
    output_tokens: input.long(),
    total_tokens: input.long(),
    cache_read_tokens: input.long(),
    cache_write_tokens: input.long(),
    cache_write_5m_tokens: input.long(),
    cache_write_1h_tokens: input.long(),
    reasoning_tokens: input.long(),
    usage: input.map((input) => input.double()),
    usage_source: input.symbol(UsageSourceSymbols),
    usage_flags: input.array((input) => input.string()),
    usage_raw: input.string(),
    cost_usd: input.present() ? input.decimal() : null,
    cost_input_usd: input.decimal(),
    cost_cache_read_usd: input.decimal(),
    cost_cache_write_usd: input.decimal(),
    cost_output_usd: input.decimal(),
    cost_other_usd: input.decimal(),
    cost_reported_usd: input.present() ? input.decimal() : null,
    cost_saved_usd: input.decimal(),
    cost_source: input.symbol(CostSourceSymbols),
    cost_flags: input.array((input) => input.string()),
    unpriced_reason: input.string(),
    price_book_version: input.string(),
    cost_lines: input.array((input) => readCostLine(input)),
    prompt_preview: input.string(),
    response_preview: input.string(),
    request_bytes: input.long(),
    response_bytes: input.long(),
    payload: input.symbol(PayloadSymbols),
    source_partition: input.int(),
    source_offset: input.long(),
  };
}

export function writeCost(output: AvroOutput, event: Cost): void {
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
  output.int(event.revision);
  output.string(event.provider);
  output.string(event.pricing_provider);
  output.string(event.operation);
  output.string(event.request_model);
  output.string(event.response_model);
  output.string(event.priced_model);
  output.string(event.response_id);
  output.array(event.finish_reasons, (output, item) => output.string(item));
  output.string(event.service_tier);
  output.string(event.region);
  output.string(event.prompt_fp);
  output.string(event.path);
  output.boolean(event.stream);
  output.boolean(event.complete);
  output.int(event.status);
  output.symbol(OutcomeIndices, event.outcome);
  output.string(event.error_code);
  output.string(event.error_type);
  output.symbol(CacheStatusIndices, event.cache_status);
  output.string(event.cache_key);
  output.long(event.duration_ms);
  output.long(event.ttfb_ms);
  output.long(event.overhead_us);
  output.long(event.input_tokens);
  output.long(event.output_tokens);
  output.long(event.total_tokens);
  output.long(event.cache_read_tokens);
  output.long(event.cache_write_tokens);
  output.long(event.cache_write_5m_tokens);
  output.long(event.cache_write_1h_tokens);
  output.long(event.reasoning_tokens);
  output.map(event.usage, (output, item) => output.double(item));
  output.symbol(UsageSourceIndices, event.usage_source);
  output.array(event.usage_flags, (output, item) => output.string(item));
  output.string(event.usage_raw);
  if (event.cost_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.cost_usd);
  }
  output.decimal(event.cost_input_usd);
  output.decimal(event.cost_cache_read_usd);
  output.decimal(event.cost_cache_write_usd);
  output.decimal(event.cost_output_usd);
  output.decimal(event.cost_other_usd);
  if (event.cost_reported_usd === null) output.long(0);
  else {
    output.long(1);
    output.decimal(event.cost_reported_usd);
  }
  output.decimal(event.cost_saved_usd);
  output.symbol(CostSourceIndices, event.cost_source);
  output.array(event.cost_flags, (output, item) => output.string(item));
  output.string(event.unpriced_reason);
  output.string(event.price_book_version);
  output.array(event.cost_lines, (output, item) => writeCostLine(output, item));
  output.string(event.prompt_preview);
  output.string(event.response_preview);
  output.long(event.request_bytes);
  output.long(event.response_bytes);
  output.symbol(PayloadIndices, event.payload);
  output.int(event.source_partition);
  output.long(event.source_offset);
}
