import type { PriceBook } from '@weir/pricing';
import { EMPTY_USAGE } from '@weir/usage';
import { type PricedFacts, priceFacts } from '../price-facts.ts';
import type { BookedCall } from './booked-call.ts';
import { type BilledParts, usageOfCall } from './usage-of-call.ts';

/** What is asked of a booked call other than what it was: another model, of a provider, or of the one its name tells (''). */
export interface OtherModel {
  readonly provider: string;
  readonly model: string;
}

/**
 * What a booked call costs by a book at a moment, as a new call with its usage would; undefined when the row does not
 * tell what to price. Pure: the same row, book and moment give the same lines (I6).
 */
export function priceCall(book: PriceBook, call: BookedCall, at: number, other?: OtherModel): PricedFacts | undefined {
  const parts = usageOfCall(call);
  if (parts === undefined) return undefined;
  if (other === undefined) return pricedAs(book, call, parts, at, { tier: call.serviceTier, region: call.region });
  const { provider: pricingProvider, model } = other;
  const moved = { ...call, pricingProvider, requestModel: model, responseModel: model };
  const movedParts = parts.map(({ usage }) => ({ model, usage }));
  const same = pricedAs(book, moved, movedParts, at, { tier: call.serviceTier, region: '' });
  // A tier that the other model is not sold in: its standard price is what one would have paid.
  return same.reason === 'no_rate_for_tier' ? pricedAs(book, moved, movedParts, at, { tier: '', region: '' }) : same;
}

function pricedAs(
  book: PriceBook,
  call: BookedCall,
  usageParts: BilledParts,
  at: number,
  { tier: serviceTier, region }: { readonly tier: string; readonly region: string },
): PricedFacts {
  const { account, gateway, pricingProvider, requestModel, responseModel, usageFlags: flags } = call;
  const models = { pricingProvider, requestModel, responseModel };
  const facts = { ...models, serviceTier, region, usageParts, billedUsage: null, reportedCostUsd: '', flags };
  return priceFacts(book, facts, EMPTY_USAGE, { at, account, gateway });
}
