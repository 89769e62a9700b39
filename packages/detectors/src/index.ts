export type { AlertSeverity, AlertState, AnomalyAlert } from './anomaly/alerts/alert-book.ts';
export { ANOMALY_STATE_VERSION, AnomalyDetector } from './anomaly/anomaly-detector.ts';
export { EventOrder } from './anomaly/order-events.ts';
export { DIMENSIONS, EventIds, newEvent, type PricedEvent } from './anomaly/priced-event.ts';
export { EventLineReader } from './anomaly/read-event-line.ts';
export type { Stored } from './anomaly/state/stored.ts';
export type { AlertStatus } from './budget/alert-ladder.ts';
export { type Budget, matchBudget, ROLLING_STEPS, scopeKey } from './budget/budget.ts';
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
export type { Forecast } from './budget/forecast.ts';
export { type LimitInForce, limitInForce } from './budget/limit-in-force.ts';
export type { PaceSignal } from './budget/pace.ts';
export { shareOf } from './budget/sums.ts';
export { createZonedPeriods, createZoneOffset } from './budget/zoned-period.ts';
export { DETECTORS_ERRORS } from './errors.ts';
export { SeriesDetector } from './series/series-detector.ts';
