export type { AlertSeverity, AlertState, AnomalyAlert } from './anomaly/alerts/alert-book.ts';
export { AnomalyDetector } from './anomaly/anomaly-detector.ts';
export { EventOrder } from './anomaly/order-events.ts';
export { EventIds, newEvent, type PricedEvent } from './anomaly/priced-event.ts';
export { EventLineReader } from './anomaly/read-event-line.ts';
export type { AlertStatus } from './budget/alert-ladder.ts';
export { type Budget, matchBudget, scopeKey } from './budget/budget.ts';
export {
  type BookNotice,
  type BudgetAlert,
  BudgetBook,
  type BudgetEntry,
  type BudgetMatch,
  type BudgetStanding,
} from './budget/budget-book.ts';
export { type BudgetDefinition, compileBudgets } from './budget/compile-budgets.ts';
export { dimensionOf } from './budget/dimensions.ts';
export { shareOf } from './budget/sums.ts';
export { DETECTORS_ERRORS } from './errors.ts';
