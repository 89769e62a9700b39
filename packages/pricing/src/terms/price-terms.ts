import type { Rational } from '@weir/kernel';
import type { CompiledRates } from '../compile-rates.ts';

/** Whom, what and when a term is for; what is left out is for all. */
export interface TermScope {
  readonly id: string;
  readonly account: string;
  readonly gateway: string;
  readonly provider: string;
  /** Exact model name, lower case; '' when a pattern or nothing names it. */
  readonly model: string;
  readonly pattern: RegExp | null;
  readonly from: number;
  readonly to: number;
}

/** Rates of one's own: each stands in for the list's rate of its unit. */
export interface PriceOverride extends TermScope {
  readonly tier: string;
  readonly rates: CompiledRates;
}

/** A percentage off, after the list price, so that both stay visible. */
export interface PriceDiscount extends TermScope {
  readonly percent: Rational;
  readonly percentNumber: number;
  /** Null = every unit. */
  readonly units: ReadonlySet<string> | null;
}

/** A name of one's own for a model: a deployment of Azure, an inference profile of Bedrock, a house name. */
export interface PriceAlias extends TermScope {
  readonly means: string;
}

/** What an installation has agreed with its providers. */
export interface PriceTerms {
  readonly aliases: readonly PriceAlias[];
  readonly overrides: readonly PriceOverride[];
  readonly discounts: readonly PriceDiscount[];
}

/** What decides whether a term applies to a call. */
export interface TermQuery {
  readonly account: string;
  readonly gateway: string;
  /** Canonical provider, '' when unknown. */
  readonly provider: string;
  /** Every name of the model: the book's, and as asked and answered. */
  readonly models: readonly string[];
  readonly tier: string;
  readonly at: number;
}

/** The override for a call: the first that names its model, else the first whose pattern does. */
export function overrideFor(terms: PriceTerms, query: TermQuery): PriceOverride | undefined {
  const open = terms.overrides.filter((override) => override.tier === query.tier && applies(override, query));
  return open.find(({ model }) => model !== '') ?? open[0];
}

/** The discount for a unit of a call: the first that applies; discounts do not add up. */
export function discountFor(terms: PriceTerms, query: TermQuery, unit: string): PriceDiscount | undefined {
  return terms.discounts.find(
    (discount) => (discount.units === null || discount.units.has(unit)) && applies(discount, query),
  );
}

/** What a name means here: the first entry that names it, else the first whose pattern does. */
export function aliasFor(terms: PriceTerms, query: TermQuery): PriceAlias | undefined {
  const open = terms.aliases.filter((alias) => applies(alias, query));
  return open.find(({ model }) => model !== '') ?? open[0];
}

function applies(scope: TermScope, query: TermQuery): boolean {
  if (scope.account !== '' && scope.account !== query.account) return false;
  if (scope.gateway !== '' && scope.gateway !== query.gateway) return false;
  if (scope.provider !== '' && scope.provider !== query.provider) return false;
  if (query.at < scope.from || query.at >= scope.to) return false;
  if (scope.model !== '') return query.models.includes(scope.model);
  const { pattern } = scope;
  return pattern === null || query.models.some((model) => pattern.test(model));
}
