import { picoFromText } from '@weir/kernel';
import { type CostLine, type PriceBook, type PricedUsage, type PriceRequest, priceUsage } from '@weir/pricing';
import type { ExchangeFacts } from '@weir/providers';
import type { TokenUsage } from '@weir/usage';

/** The money side of a ledger row. Amounts are pico-dollars. */
export interface PricedFacts {
  /** null = unknown (I5). */
  readonly total: bigint | null;
  readonly reported: bigint | null;
  readonly source: 'computed' | 'override' | 'reported' | 'unpriced' | 'none';
  readonly lines: readonly CostLine[];
  readonly flags: readonly string[];
  readonly model: string;
  readonly reason: string;
}

/** What of an exchange decides its price. */
export type BilledFacts = Pick<
  ExchangeFacts,
  | 'pricingProvider'
  | 'requestModel'
  | 'responseModel'
  | 'serviceTier'
  | 'region'
  | 'usageParts'
  | 'billedUsage'
  | 'reportedCostUsd'
  | 'flags'
>;

/** When a call completed, and whose it was. */
export type PricedCall = Required<Pick<PriceRequest, 'at' | 'account' | 'gateway'>>;

/** Prices what the provider bills: its parts, its billed counts, or its gross counts, at the time of completion. */
export function priceFacts(book: PriceBook, facts: BilledFacts, usage: TokenUsage, call: PricedCall): PricedFacts {
  const more = modifiers(facts.flags);
  const parts =
    facts.usageParts.length > 0
      ? facts.usageParts
      : [{ model: facts.responseModel, usage: facts.billedUsage ?? usage }];
  const priced = parts.map((part) =>
    priceUsage(book, {
      provider: facts.pricingProvider === '' ? null : facts.pricingProvider,
      responseModel: part.model,
      requestModel: facts.requestModel,
      ...call,
      serviceTier: facts.serviceTier,
      region: facts.region,
      usage: part.usage,
      ...more,
    }),
  );
  const [first] = priced;
  const single = priced.length === 1 && first !== undefined;
  const computed = single ? first.total : sumOf(priced);
  const reported = facts.reportedCostUsd === '' ? null : picoFromText(facts.reportedCostUsd);
  return {
    total: reported ?? computed,
    reported,
    source: reported !== null ? 'reported' : sourceOf(priced),
    lines: single ? first.lines : priced.flatMap((part) => part.lines),
    flags: flagsOf(priced, reported, computed),
    model: first?.model ?? '',
    reason: reported === null && computed === null ? (priced.find((part) => part.reason !== '')?.reason ?? '') : '',
  };
}

/** A tenth of a percent: rounding by the provider stays below it, another price does not. */
const DRIFT_PER_MILLE = 1n;

function flagsOf(priced: readonly PricedUsage[], reported: bigint | null, computed: bigint | null): readonly string[] {
  const [first] = priced;
  const flags = priced.length === 1 && first !== undefined ? first.flags : priced.flatMap((part) => part.flags);
  if (reported === null || computed === null) return priced.length === 1 ? flags : [...new Set(flags)];
  const drift = reported > computed ? reported - computed : computed - reported;
  return [...new Set(drift * 1_000n > computed * DRIFT_PER_MILLE ? [...flags, 'reported_differs'] : flags)];
}

function sumOf(priced: readonly PricedUsage[]): bigint | null {
  const totals = priced.map((part) => part.total);
  return totals.every((total) => total !== null) ? totals.reduce((sum, total) => sum + total, 0n) : null;
}

function sourceOf(priced: readonly PricedUsage[]): PricedFacts['source'] {
  if (priced.some(({ total }) => total === null)) return 'unpriced';
  if (priced.some(({ source }) => source === 'override')) return 'override';
  return priced.every(({ source }) => source === 'none') ? 'none' : 'computed';
}

const NO_MODIFIERS = Object.freeze({});

/** What changes a price beside the counts, as the readers flag it: `image_size:1024x1024`, `search_context_size:low`. */
function modifiers(flags: readonly string[]): Pick<PriceRequest, 'image' | 'searchContextSize'> {
  if (flags.length === 0) return NO_MODIFIERS;
  const flagged = (name: string): string | undefined =>
    flags.find((flag) => flag.startsWith(`${name}:`))?.slice(name.length + 1);
  const quality = flagged('image_quality');
  const size = flagged('image_size');
  const searchContextSize = flagged('search_context_size');
  const image = { ...(quality === undefined ? {} : { quality }), ...(size === undefined ? {} : { size }) };
  return {
    ...(Object.keys(image).length === 0 ? {} : { image }),
    ...(searchContextSize === undefined ? {} : { searchContextSize }),
  };
}
