export { deriveCost, type SourcePosition } from './derive-cost.ts';
export { COST_ERRORS } from './errors.ts';
export { openPriceBook } from './price-book/open-price-book.ts';
export { type PriceBookSettings, readPriceBook } from './price-book/read-price-book.ts';
export {
  type RepricedModel,
  type RepriceOptions,
  type RepriceProgress,
  type RepriceSummary,
  reprice,
} from './reprice/reprice.ts';
export { COST_GROUP, type CostDependencies, startCost } from './service.ts';
