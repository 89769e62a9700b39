export { RECONCILE_ERRORS } from './errors.ts';
export { readStatement } from './read-statement.ts';
export {
  type Gap,
  type LedgerCell,
  REASONS,
  type Reason,
  type Reconciliation,
  reconcile,
  type Verdict,
  verdictOf,
} from './reconcile.ts';
export { classOf, type StatementLine, TOKEN_CLASSES, type TokenClass } from './statement.ts';
