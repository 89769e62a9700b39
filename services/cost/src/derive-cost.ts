import type { CostEvent, RequestEvent } from '@weir/events';
import { picoFromText } from '@weir/kernel';
import type { CostLine, PriceBook } from '@weir/pricing';
import type { ExchangeFacts } from '@weir/providers';
import { EMPTY_USAGE, type TokenUsage, toBillableClasses } from '@weir/usage';
import { cacheKey } from './cache-key.ts';
import { costColumns, quantities } from './cost-columns.ts';
import { priceByCaller, readCustomCost } from './custom-cost.ts';
import { type PricedFacts, priceFacts } from './price-facts.ts';
import { type RequestFacts, readFacts, requestFacts } from './request-facts.ts';
import { REPEATED_USAGE, unbilledReason } from './unbilled-reason.ts';

/** Where the request event stands in the log: the lineage that makes a repeated cost event recognisable. */
export interface SourcePosition {
  readonly partition: number;
  readonly offset: number;
}

/**
 * One request event to its ledger row. Pure: the same event, book and position give the same row (I6).
 * @param known the event's facts, where they are more than its bodies tell (an estimate).
 */
export function deriveCost(
  event: RequestEvent,
  source: SourcePosition,
  book: PriceBook,
  known: RequestFacts = requestFacts(event),
): CostEvent {
  const facts = countedFacts(event, known);
  const money = priceAttempt(event, facts, book);
  const saved = savedCost(event, known, book);
  const usage = facts.usage ?? EMPTY_USAGE;
  return {
    ...dimensions(event),
    ...described(facts),
    ...counted(usage),
    ...costColumns(money.lines),
    revision: 1,
    priced_model: money.model,
    stream: event.stream || facts.stream,
    error_type: facts.error?.category ?? '',
    usage: quantities(money.lines),
    usage_source: facts.usageSource,
    usage_flags: usageFlags(facts),
    usage_raw: facts.usageRaw,
    cost_usd: money.total,
    cost_reported_usd: money.reported,
    cost_saved_usd: saved ?? 0n,
    cost_source: money.source,
    cost_flags: saved === null ? [...costFlags(event, money), 'saved_unknown'] : costFlags(event, money),
    unpriced_reason: money.reason,
    price_book_version: book.version,
    cost_lines: money.lines.map(costLine),
    source_partition: source.partition,
    source_offset: source.offset,
  };
}

/** What `deriveCost` says an attempt cost, and how many tokens it counts, without the rest of its row. */
export function costOf(event: RequestEvent, book: PriceBook): { readonly usd: bigint | null; readonly tokens: number } {
  const facts = countedFacts(event, readFacts(event));
  return { usd: priceAttempt(event, facts, book).total, tokens: facts.usage?.totalTokens ?? 0 };
}

/** Usage that another call used: from the gateway's cache, or shown again by a retrieval. Its tokens count once. */
function countedFacts<Facts extends ExchangeFacts>(event: RequestEvent, facts: Facts): Facts {
  const elsewhere = event.cache_status === 'hit' || facts.flags.includes(REPEATED_USAGE);
  return elsewhere ? { ...facts, usage: null, billedUsage: null, usageParts: [], reportedCostUsd: '' } : facts;
}

/** What an answer from the gateway's cache would have cost at the provider; null when that is unknown, 0 for the rest. */
function savedCost(event: RequestEvent, facts: RequestFacts, book: PriceBook): bigint | null {
  return event.cache_status === 'hit' ? priceAttempt({ ...event, cache_status: 'none' }, facts, book).total : 0n;
}

const NOTHING_BILLED = { lines: [], flags: [], model: '', reported: null } as const;

function priceAttempt(event: RequestEvent, facts: ExchangeFacts, book: PriceBook): PricedFacts {
  if (event.cache_status === 'hit') return { ...NOTHING_BILLED, total: 0n, source: 'none', reason: '' };
  const custom = event.custom_cost === '' ? null : readCustomCost(event.custom_cost);
  if (custom !== null && (facts.usage !== null || custom.total_cost !== undefined)) {
    if (facts.usage !== null || unbilledReason(event, facts) !== 'free') {
      const reported = facts.reportedCostUsd === '' ? null : picoFromText(facts.reportedCostUsd);
      const priced = priceByCaller(custom, facts.billedUsage ?? facts.usage ?? EMPTY_USAGE);
      return { ...NOTHING_BILLED, ...priced, reported, source: 'override', reason: '' };
    }
  }
  if (facts.usage === null && facts.reportedCostUsd === '') {
    const reason = unbilledReason(event, facts);
    return reason === 'free'
      ? { ...NOTHING_BILLED, total: 0n, source: 'none', reason: '' }
      : { ...NOTHING_BILLED, total: null, source: 'unpriced', reason };
  }
  const at = event.ts + Math.round(event.duration_us / 1_000);
  const { account, gateway } = event;
  return priceFacts(book, facts, facts.usage ?? EMPTY_USAGE, { at, account, gateway });
}

function costFlags(event: RequestEvent, money: PricedFacts): string[] {
  const refused = event.custom_cost !== '' && readCustomCost(event.custom_cost) === null;
  return refused ? [...money.flags, 'custom_cost_invalid'] : [...money.flags];
}

/** What the readers found broken, and what the split into billable classes did, each once. */
function usageFlags(facts: RequestFacts): string[] {
  const parts =
    facts.usageParts.length > 0 ? facts.usageParts.map(({ usage }) => usage) : [facts.billedUsage ?? facts.usage];
  const violations = parts.flatMap((usage) => (usage === null ? [] : toBillableClasses(usage).violations));
  return violations.length === 0 ? [...facts.flags] : [...new Set([...facts.flags, ...violations])];
}

function dimensions(event: RequestEvent) {
  return {
    request_id: event.request_id,
    parent_id: event.parent_id,
    event_id: event.event_id,
    attempt: event.attempt,
    step: event.step,
    ts: event.ts,
    account: event.account,
    gateway: event.gateway,
    env: event.env,
    feature: event.feature,
    user_id: event.user_id,
    session_id: event.session_id,
    trace_id: event.trace_id,
    parent_span_id: event.parent_span_id,
    api_key_id: event.api_key_id,
    token_id: event.token_id,
    tags: event.tags,
    provider: event.provider,
    path: event.path,
    complete: event.complete,
    status: event.status,
    outcome: event.outcome,
    error_code: event.error_code,
    cache_status: event.cache_status,
    cache_key: cacheKey(event),
    duration_ms: Math.round(event.duration_us / 1_000),
    ttfb_ms: Math.round(event.ttfb_us / 1_000),
    overhead_us: event.overhead_us,
    request_bytes: event.request_bytes,
    response_bytes: event.response_bytes,
    payload: event.payload,
  };
}

function described(facts: RequestFacts) {
  return {
    pricing_provider: facts.pricingProvider,
    operation: facts.operation,
    request_model: facts.requestModel,
    response_model: facts.responseModel,
    response_id: facts.responseId,
    finish_reasons: [...facts.finishReasons],
    service_tier: facts.serviceTier,
    region: facts.region,
    prompt_fp: facts.promptFingerprint,
    prompt_preview: facts.promptPreview,
    response_preview: facts.responsePreview,
  };
}

function counted(usage: TokenUsage) {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_5m_tokens: usage.cacheWrite5mTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    reasoning_tokens: usage.reasoningTokens,
  };
}

function costLine(line: CostLine) {
  return {
    class: line.class,
    quantity: line.quantity,
    unit: line.unit,
    rate_usd: line.rate,
    per: line.per,
    rate_id: line.rateId,
    amount_usd: line.amount,
  };
}
