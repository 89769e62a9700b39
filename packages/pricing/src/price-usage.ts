import { divideHalfEven, type PicoUsd, parseDecimal } from '@weir/kernel';
import { toBillableClasses } from '@weir/usage';
import { type Billed, billedQuantities } from './billed-quantities.ts';
import { type Endpoint, type ModelMatch, type PriceBook, providerKey } from './compile-price-book.ts';
import type { CompiledRate, CompiledRates } from './compile-rates.ts';
import { matchModel } from './match/match-model.ts';
import type { CostLine, PricedUsage, PriceRequest } from './price-request.ts';
import { rateForClass } from './rate-for-class.ts';
import { modelAt, ratesAt, selectRow, tierOf } from './select-row.ts';
import {
  aliasFor,
  discountFor,
  overrideFor,
  type PriceDiscount,
  type PriceOverride,
  type PriceTerms,
  type TermQuery,
} from './terms/price-terms.ts';

/** Everything about the rates of one request. */
interface Rated {
  readonly rates: CompiledRates;
  readonly anthropic: boolean;
  readonly provider: string;
  readonly model: string;
  readonly flags: readonly string[];
  /** '' when there are rates. */
  readonly reason: string;
}

const NO_RATES: CompiledRates = {};

/**
 * Prices one call with the rates in force when it completed. Every amount is exact: quantity × rate, divided once,
 * half to even at the 12th decimal; the total is the sum of the lines (I4). What has no price makes the total null,
 * never smaller (I5). Usage that is all zero costs a known 0 with source `none`, whatever the model: pass it only for
 * a call that was not charged (an error before output, a free endpoint), and estimate when usage is merely missing.
 */
export function priceUsage(book: PriceBook, asked: PriceRequest): PricedUsage {
  const request = book.terms.aliases.length === 0 ? asked : ownNames(book, asked);
  const { classes, violations } = toBillableClasses(request.usage);
  const found = findRates(book, request);
  const { overrides, discounts } = book.terms;
  const query = overrides.length + discounts.length === 0 ? null : termQuery(book, request, asked, found);
  const override = query === null ? undefined : overrideFor(book.terms, query);
  const rated = override === undefined ? found : overridden(found, override);
  const billed = billedQuantities(classes, rated.rates, request);
  const flags = [...rated.flags, ...violations, ...billed.flags];
  const lines: CostLine[] = [];
  let partial = 0n;
  let missing = '';
  for (const item of billed.items) {
    const { rate, assumed } = rateForClass(item.unit, rated.rates, rated.anthropic);
    if (assumed) flags.push('assumed', `assumed_${item.class}`);
    const line = lineOf(item, rate, flags);
    lines.push(line);
    if (line.amount === null) missing ||= item.class;
    else partial += line.amount;
  }
  if (query !== null && missing === '' && rated.reason === '') partial += pushDiscounts(lines, book.terms, query);
  const reason = lines.length === 0 ? '' : rated.reason || (missing === '' ? '' : `no_rate_for_${missing}`);
  return {
    total: reason === '' ? partial : null,
    partial,
    source: lines.length === 0 ? 'none' : reason === '' ? sourceOf(lines, override) : 'unpriced',
    lines,
    flags: flags.length < 2 ? flags : [...new Set(flags)].sort(),
    provider: rated.provider,
    model: rated.model,
    bookVersion: book.version,
    reason,
  };
}

/** The call under the names of the book, where terms say what a name means. */
function ownNames(book: PriceBook, request: PriceRequest): PriceRequest {
  const provider = book.providerIds.get(providerKey(request.provider ?? '')) ?? '';
  const { account = '', gateway = '', at } = request;
  const meant = (name: string): string => {
    const query = { account, gateway, provider, models: [name.trim().toLowerCase()], tier: '', at };
    return name === '' ? '' : (aliasFor(book.terms, query)?.means ?? name);
  };
  return { ...request, responseModel: meant(request.responseModel), requestModel: meant(request.requestModel) };
}

function sourceOf(lines: readonly CostLine[], override: PriceOverride | undefined): 'computed' | 'override' {
  return override !== undefined && lines.some(({ rateId }) => rateId === override.id) ? 'override' : 'computed';
}

function termQuery(book: PriceBook, request: PriceRequest, asked: PriceRequest, rated: Rated): TermQuery {
  return {
    account: request.account ?? '',
    gateway: request.gateway ?? '',
    provider: rated.provider,
    models: [rated.model, ...namesOf(request), ...(asked === request ? [] : namesOf(asked))],
    tier: tierOf(request.serviceTier, book.providers.get(rated.provider)),
    at: request.at,
  };
}

const namesOf = ({ responseModel, requestModel }: PriceRequest): string[] => [
  responseModel.toLowerCase(),
  requestModel.toLowerCase(),
];

/** Rates of one's own stand in for those of the list, and price what the list does not know. */
function overridden(rated: Rated, override: PriceOverride): Rated {
  const model = rated.model === '' ? override.model : rated.model;
  return { ...rated, model, rates: { ...rated.rates, ...override.rates }, reason: '' };
}

/** Adds one line for each discount that takes something off, and returns what they take: 0 or less. */
function pushDiscounts(lines: CostLine[], terms: PriceTerms, query: TermQuery): bigint {
  const bases = new Map<PriceDiscount, bigint>();
  for (const line of lines) {
    const discount = discountFor(terms, query, line.class);
    if (discount !== undefined) bases.set(discount, (bases.get(discount) ?? 0n) + (line.amount ?? 0n));
  }
  let taken = 0n;
  for (const [{ id, percent, percentNumber }, base] of bases) {
    const amount = -divideHalfEven(base * percent.numerator, percent.denominator * 100n);
    lines.push({ class: 'discount', quantity: percentNumber, unit: 'percent', rate: '', per: 1, rateId: id, amount });
    taken += amount;
  }
  return taken;
}

function findRates(book: PriceBook, request: PriceRequest): Rated {
  const match = firstMatch(book, request);
  const unrated = (reason: string, model = ''): Rated => {
    return { rates: NO_RATES, anthropic: false, provider: match.provider, model, flags: match.flags, reason };
  };
  if (match.reason !== '') return unrated(match.reason);
  const model = modelAt(match.named, request.at);
  if (model === undefined) return unrated('no_rate_at_time');
  const region = request.region === '' ? '' : request.region.trim().toLowerCase();
  const { row, reason, announced } = selectRow(model, {
    tier: tierOf(request.serviceTier, book.providers.get(match.provider)),
    at: request.at,
    endpoint: endpointOf(match, region),
    // Residency uplifts are terms of the vendor's own endpoints; a fallback provider has its own.
    region: model.provider === match.provider ? region : '',
  });
  if (row === null) return unrated(reason, model.id);
  let { flags } = match;
  if (row.assumed) flags = [...flags, 'assumed', 'assumed_rate'];
  if (announced) flags = [...flags, 'announced_change_unconfirmed'];
  if (row.retired) flags = [...flags, 'retired_model'];
  // A bare id is in-Region; a log may have cut the geography off, and only a region shows that it did not.
  if (row.endpoints !== null && match.endpoint === 'in_region' && region === '') {
    flags = [...flags, 'assumed', 'assumed_in_region'];
  }
  return {
    rates: ratesAt(row, request.usage.inputTokens),
    anthropic: model.anthropic,
    provider: match.provider,
    model: model.id,
    flags,
    reason: '',
  };
}

/** The response's model decides; the request's stands in, flagged, when the book does not know what answered. */
function firstMatch(book: PriceBook, { provider, responseModel, requestModel }: PriceRequest): ModelMatch {
  if (responseModel === '') return matchModel(book, provider, requestModel);
  const match = matchModel(book, provider, responseModel);
  if (match.reason === '' || requestModel === '' || requestModel === responseModel) return match;
  const asked = matchModel(book, provider, requestModel);
  if (asked.reason !== '') return match;
  return { ...asked, flags: [...asked.flags, 'assumed', 'assumed_request_model'] };
}

function endpointOf(match: ModelMatch, region: string): Endpoint {
  if (match.provider !== 'vertex_ai') return match.endpoint;
  return region === '' || region === 'global' ? 'global' : 'in_region';
}

function lineOf({ class: name, quantity, measure }: Billed, rate: CompiledRate | null, flags: string[]): CostLine {
  if (rate === null) return { class: name, quantity, unit: measure, rate: '', per: 1, rateId: '', amount: null };
  let billed = quantity;
  if (billed < rate.minimum) {
    billed = rate.minimum;
    flags.push('minimum_quantity');
  }
  return {
    class: name,
    quantity: billed,
    unit: measure,
    rate: rate.amount,
    per: rate.per,
    rateId: rate.rateId,
    amount: amountOf(billed, rate),
  };
}

function amountOf(quantity: number, rate: CompiledRate): PicoUsd {
  if (Number.isSafeInteger(quantity)) {
    const count = BigInt(quantity);
    if (rate.pico !== null) return count * rate.pico;
    return divideHalfEven(count * rate.exact.numerator, rate.exact.denominator);
  }
  // Seconds may be fractional; their shortest decimal text is what the provider wrote.
  const exact = parseDecimal(String(quantity));
  return divideHalfEven(exact.numerator * rate.exact.numerator, exact.denominator * rate.exact.denominator);
}
