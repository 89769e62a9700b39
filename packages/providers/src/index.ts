export { PROVIDERS_ERRORS } from './errors.ts';
export { plainDecimal } from './exchange/decimal-text.ts';
export { type EstimableText, estimableText } from './exchange/estimable-text.ts';
export { OPERATIONS, type Operation } from './exchange/operation.ts';
export { readCounts, readExchange } from './exchange/read-exchange.ts';
export { isRepeatableCall } from './exchange/repeatable-call.ts';
export { FACT_HEADERS } from './exchange/response-headers.ts';
export {
  type CapturedBody,
  ERROR_CATEGORIES,
  type ErrorCategory,
  type Exchange,
  type ExchangeFacts,
  type ProviderError,
  type UsageClaim,
  type UsagePart,
} from './exchange.ts';
export { familiesOfUsage } from './families/family-of-usage.ts';
export { parseAwsEventStream } from './framing/aws-event-stream.ts';
export { type FramedBody, frameBody } from './framing/frame-body.ts';
export { parseJsonArray } from './framing/json-array.ts';
export { parseNdjson } from './framing/ndjson.ts';
export { parseSse } from './framing/sse.ts';
export type { PieceEnds, StreamEvent } from './framing/stream-event.ts';
export { addUsage, type NormalizedUsage } from './normalize/counts.ts';
export { type NormalizeContext, normalizeUsage } from './normalize/normalize-usage.ts';
export {
  CREDENTIAL_HEADERS,
  customSlug,
  findProvider,
  PROVIDERS,
  type ProviderSpec,
} from './registry/provider-registry.ts';
export { redactPath } from './registry/redact-path.ts';
export {
  isAllowedFalTarget,
  type ResolvedUpstream,
  type ResolveOptions,
  resolveUpstream,
} from './registry/resolve-upstream.ts';
