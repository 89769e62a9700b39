import type { PriceBook } from '@weir/pricing';
import { EMPTY_USAGE } from '@weir/usage';
import { type PricedFacts, priceFacts } from '../price-facts.ts';
import type { BookedCall } from './booked-call.ts';
import { usageOfCall } from './usage-of-call.ts';

/** What is asked of a booked call other than what it was: another model, of another provider. */
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
  const asked =
    other === undefined
      ? { pricingProvider: call.pricingProvider, requestModel: call.requestModel, responseModel: call.responseModel }
      : { pricingProvider: other.provider, requestModel: other.model, responseModel: other.model };
  const { account, gateway, serviceTier, region } = call;
  const usageParts = other === undefined ? parts : parts.map(({ usage }) => ({ model: other.model, usage }));
  const facts = { ...asked, serviceTier, region, usageParts, billedUsage: null, reportedCostUsd: '' };
  return priceFacts(book, { ...facts, flags: call.usageFlags }, EMPTY_USAGE, { at, account, gateway });
}
