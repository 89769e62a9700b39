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
export { shareOf } from './budget/sums.ts';
export { createZonedPeriods } from './budget/zoned-period.ts';
export { DETECTORS_ERRORS } from './errors.ts';
