export { type CompiledRow, loadPriceBook, type PriceBook } from './compile-price-book.ts';
export { embeddedPriceBook } from './embedded-price-book.ts';
export { PRICING_ERRORS } from './errors.ts';
export { priceInstants } from './price-instants.ts';
export type { CostLine, PricedUsage, PriceRequest } from './price-request.ts';
export { priceUsage } from './price-usage.ts';
export { rateForClass } from './rate-for-class.ts';
export { type PricedRecord, priceRecord } from './record/price-record.ts';
export { withTerms } from './terms/with-terms.ts';
