import type { PicoUsd } from '@weir/kernel';
import type { CostSource, TokenUsage } from '@weir/usage';

/** What is to be priced: one call, as its adapter read it. */
export interface PriceRequest {
  /** Provider in any spelling of the book's provider table; null or '' lets the model's name decide. */
  readonly provider: string | null;
  /** Model of the response; '' when the response named none. It wins over `requestModel`. */
  readonly responseModel: string;
  readonly requestModel: string;
  /** Completion of the call, ms since the epoch. Rates change at an instant, so this picks the row. */
  readonly at: number;
  /** Tier as served: the provider's word, or standard, batch, flex, priority; '' is standard. */
  readonly serviceTier: string;
  /** Cloud region or data residency (`eu`, `us`, `eu-west-1`); '' when unknown. */
  readonly region: string;
  readonly usage: TokenUsage;
  /** Whose call it was: terms may be for one account or gateway. */
  readonly account?: string;
  readonly gateway?: string;
  /** Size and quality of generated images, where the price of one depends on them. */
  readonly image?: { readonly quality?: string; readonly size?: string };
  /** Perplexity's low, medium or high. */
  readonly searchContextSize?: string;
}

/** One class of usage times its rate. The amounts of the lines add up to the total exactly. */
export interface CostLine {
  /** Billable class, e.g. `input`, `cache_read`, `output`, `web_search`; `discount` takes from the others. */
  readonly class: string;
  readonly quantity: number;
  /** token, search, image, page, ... */
  readonly unit: string;
  /** Decimal text: USD for `per` units; '' when there is no rate. */
  readonly rate: string;
  readonly per: number;
  /** Id of the price row; '' when there is no rate. */
  readonly rateId: string;
  /** quantity × rate ÷ per in pico-dollars, half-even; null when there is no rate. */
  readonly amount: PicoUsd | null;
}

export interface PricedUsage {
  /** Sum of all lines, discounts included; null when any line has no rate, or no price is known (I5: never 0 for unknown). */
  readonly total: PicoUsd | null;
  /** Sum of the lines that have a rate. */
  readonly partial: PicoUsd;
  readonly source: Extract<CostSource, 'computed' | 'override' | 'unpriced' | 'none'>;
  readonly lines: readonly CostLine[];
  /** What was assumed or odd, e.g. `assumed_cache_read`; sorted, without repeats. */
  readonly flags: readonly string[];
  /** Canonical provider, '' when unknown. */
  readonly provider: string;
  /** Canonical model of the book, '' when unmatched. */
  readonly model: string;
  readonly bookVersion: string;
  /** Why the total is null; '' when it is not. */
  readonly reason: string;
}
