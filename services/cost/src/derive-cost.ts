import type { CostEvent, RequestEvent } from '@weir/events';
import { picoFromText } from '@weir/kernel';
import type { CostLine, PriceBook } from '@weir/pricing';
import type { ExchangeFacts } from '@weir/providers';
import { EMPTY_USAGE, type TokenUsage, toBillableClasses } from '@weir/usage';
import { BLANK_ROW, type Row } from './blank-row.ts';
import { cacheKey } from './cache-key.ts';
import { addColumns, quantities } from './cost-columns.ts';
import { priceByCaller, readCustomCost } from './custom-cost.ts';
import { type PricedFacts, priceFacts } from './price-facts.ts';
import { billedFacts, type RequestFacts, requestFacts } from './request-facts.ts';
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
  const row: Row = { ...BLANK_ROW };
  takeCall(row, event);
  takeFacts(row, facts);
  takeCounts(row, facts.usage ?? EMPTY_USAGE);
  takeMoney(row, money);
  row.stream = event.stream || facts.stream;
  row.usage_flags = usageFlags(facts);
  row.cost_saved_usd = saved ?? 0n;
  row.cost_flags = saved === null ? [...costFlags(event, money), 'saved_unknown'] : costFlags(event, money);
  row.price_book_version = book.version;
  row.source_partition = source.partition;
  row.source_offset = source.offset;
  return row;
}

/** What `deriveCost` says an attempt cost, and how many tokens it counts, without the rest of its row. */
export function costOf(event: RequestEvent, book: PriceBook): { readonly usd: bigint | null; readonly tokens: number } {
  const facts = countedFacts(event, billedFacts(event));
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

function takeCall(row: Row, event: RequestEvent): void {
  row.request_id = event.request_id;
  row.parent_id = event.parent_id;
  row.event_id = event.event_id;
  row.attempt = event.attempt;
  row.step = event.step;
  row.ts = event.ts;
  row.account = event.account;
  row.gateway = event.gateway;
  row.env = event.env;
  row.feature = event.feature;
  row.user_id = event.user_id;
  row.session_id = event.session_id;
  row.trace_id = event.trace_id;
  row.parent_span_id = event.parent_span_id;
  row.api_key_id = event.api_key_id;
  row.token_id = event.token_id;
  row.tags = event.tags;
  row.provider = event.provider;
  row.path = event.path;
  row.complete = event.complete;
  row.status = event.status;
  row.outcome = event.outcome;
  row.error_code = event.error_code;
  row.cache_status = event.cache_status;
  row.cache_key = cacheKey(event);
  row.duration_ms = Math.round(event.duration_us / 1_000);
  row.ttfb_ms = Math.round(event.ttfb_us / 1_000);
  row.overhead_us = event.overhead_us;
  row.request_bytes = event.request_bytes;
  row.response_bytes = event.response_bytes;
  row.payload = event.payload;
}

function takeFacts(row: Row, facts: RequestFacts): void {
  row.pricing_provider = facts.pricingProvider;
  row.operation = facts.operation;
  row.request_model = facts.requestModel;
  row.response_model = facts.responseModel;
  row.response_id = facts.responseId;
  row.finish_reasons = [...facts.finishReasons];
  row.service_tier = facts.serviceTier;
  row.region = facts.region;
  row.prompt_fp = facts.promptFingerprint;
  row.prompt_preview = facts.promptPreview;
  row.response_preview = facts.responsePreview;
  row.error_type = facts.error?.category ?? '';
  row.usage_source = facts.usageSource;
  row.usage_raw = facts.usageRaw;
}

function takeCounts(row: Row, usage: TokenUsage): void {
  row.input_tokens = usage.inputTokens;
  row.output_tokens = usage.outputTokens;
  row.total_tokens = usage.totalTokens;
  row.cache_read_tokens = usage.cacheReadTokens;
  row.cache_write_tokens = usage.cacheWriteTokens;
  row.cache_write_5m_tokens = usage.cacheWrite5mTokens;
  row.cache_write_1h_tokens = usage.cacheWrite1hTokens;
  row.reasoning_tokens = usage.reasoningTokens;
}

function takeMoney(row: Row, money: PricedFacts): void {
  addColumns(row, money.lines);
  row.priced_model = money.model;
  row.usage = quantities(money.lines);
  row.cost_usd = money.total;
  row.cost_reported_usd = money.reported;
  row.cost_source = money.source;
  row.unpriced_reason = money.reason;
  row.cost_lines = money.lines.map(costLine);
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
