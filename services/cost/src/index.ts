export { CLAIMS_TOPIC } from './claims/claim-record.ts';
export { CLAIM_HORIZON_MS } from './claims/claimed-usage.ts';
export { costOf, deriveCost, type SourcePosition } from './derive-cost.ts';
export { COST_ERRORS } from './errors.ts';
export { openPriceBook } from './price-book/open-price-book.ts';
export { type PriceBookSettings, readPriceBook } from './price-book/read-price-book.ts';
export type { OtherModel } from './reprice/price-call.ts';
export { publishRates } from './reprice/publish-rates.ts';
export {
  type RepricedModel,
  type RepriceOptions,
  type RepriceProgress,
  type RepriceSummary,
  reprice,
} from './reprice/reprice.ts';
export { type WhatIfAnswer, type WhatIfGroup, type WhatIfOptions, whatIf } from './reprice/what-if.ts';
export { COST_GROUP, type CostDependencies, startCost } from './service.ts';
