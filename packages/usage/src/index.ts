export { BILLABLE_CLASSES, type BillableClass, type BillableUsage, toBillableClasses } from './billable-classes.ts';
export { namedCounts } from './named-counts.ts';
export {
  COST_SOURCES,
  type CostSource,
  EMPTY_USAGE,
  type TokenUsage,
  USAGE_SOURCES,
  type UsageSource,
  type UsageUnits,
} from './token-usage.ts';
