import type { CostEvent } from '@weir/events';
import { picoToText } from '@weir/kernel';

interface AttributeValue {
  readonly stringValue?: string;
  /** 64-bit numbers are text in OTLP's JSON. */
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly AttributeValue[] };
}

interface Attribute {
  readonly key: string;
  readonly value: AttributeValue;
}

/** A span in OTLP's JSON form (opentelemetry-proto, trace/v1). */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent: the span is the root of its trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

const KIND_CLIENT = 3;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;
const SPAN_ID_DIGITS = 16;
const NANOS_PER_MS = 1_000_000n;

/**
 * The span of an attempt, with the attributes of OpenTelemetry's GenAI conventions and Weir's own. Its ids come from the
 * row, so that a span that is sent again is the same one: the attempts of a call share a trace, the caller's if it has one.
 */
export function spanOf(event: CostEvent): OtlpSpan {
  const model = event.response_model === '' ? event.request_model : event.response_model;
  const start = BigInt(event.ts) * NANOS_PER_MS;
  const failed = event.outcome !== 'ok';
  return {
    traceId: event.trace_id === '' ? digitsOf(event.parent_id) : event.trace_id,
    // The end of a UUIDv7 is random, its start is time.
    spanId: digitsOf(event.request_id).slice(-SPAN_ID_DIGITS),
    ...(event.parent_span_id === '' ? {} : { parentSpanId: event.parent_span_id }),
    name: [event.operation, model].filter((part) => part !== '').join(' ') || event.provider,
    kind: KIND_CLIENT,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.max(0, Math.round(event.duration_ms))) * NANOS_PER_MS),
    attributes: attributesOf(event),
    status: failed ? { code: STATUS_ERROR, message: event.error_type || event.outcome } : { code: STATUS_UNSET },
  };
}

function attributesOf(event: CostEvent): Attribute[] {
  const texts: Readonly<Record<string, string>> = {
    'gen_ai.operation.name': event.operation,
    'gen_ai.provider.name': event.pricing_provider === '' ? event.provider : event.pricing_provider,
    'gen_ai.request.model': event.request_model,
    'gen_ai.response.model': event.response_model,
    'gen_ai.response.id': event.response_id,
    'error.type': event.error_type,
    'session.id': event.session_id,
    'user.id': event.user_id,
    'deployment.environment.name': event.env,
    'weir.request_id': event.request_id,
    'weir.account': event.account,
    'weir.gateway': event.gateway,
    'weir.feature': event.feature,
    'weir.token_id': event.token_id,
    'weir.cache_status': event.cache_status,
    'weir.usage_source': event.usage_source,
    'weir.cost_source': event.cost_source,
    'weir.cost_usd': event.cost_usd === null ? '' : picoToText(event.cost_usd),
  };
  const numbers: Readonly<Record<string, number>> = {
    'gen_ai.usage.input_tokens': event.input_tokens,
    'gen_ai.usage.output_tokens': event.output_tokens,
    'gen_ai.usage.cache_read.input_tokens': event.cache_read_tokens,
    'gen_ai.usage.cache_creation.input_tokens': event.cache_write_tokens,
    'gen_ai.usage.reasoning_tokens': event.reasoning_tokens,
    'http.response.status_code': event.status,
    'weir.attempt': event.attempt,
    'weir.step': event.step,
    'weir.ttfb_ms': Math.round(event.ttfb_ms),
  };
  const said = Object.entries(texts).filter(([, value]) => value !== '');
  const counted = Object.entries(numbers).filter(([key, value]) => value > 0 || key.startsWith('weir.'));
  return [
    ...said.map(([key, value]) => text(key, value)),
    ...counted.map(([key, value]) => ({ key, value: { intValue: String(Math.round(value)) } })),
    ...Object.entries(event.tags).map(([key, value]) => text(`weir.tags.${key}`, value)),
    ...(event.finish_reasons.length === 0 ? [] : [finishReasons(event.finish_reasons)]),
    // For tools that sum it; the exact amount is the text above.
    ...(event.cost_usd === null
      ? []
      : [{ key: 'gen_ai.usage.cost', value: { doubleValue: Number(picoToText(event.cost_usd)) } }]),
  ];
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

const finishReasons = (reasons: readonly string[]): Attribute => ({
  key: 'gen_ai.response.finish_reasons',
  value: { arrayValue: { values: reasons.map((reason) => ({ stringValue: reason })) } },
});

const digitsOf = (uuid: string): string => uuid.replaceAll('-', '').toLowerCase().padStart(32, '0').slice(0, 32);
