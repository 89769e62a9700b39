export { deriveCost, type SourcePosition } from './derive-cost.ts';
export { COST_GROUP, type CostDependencies, startCost } from './service.ts';
