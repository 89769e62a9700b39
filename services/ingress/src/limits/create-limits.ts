import { compileBudgets } from '@weir/detectors';
import type { IngressConfig } from '../config.ts';
import type { IngressMetrics } from '../ingress-metrics.ts';
import type { IngressDependencies } from '../ports.ts';
import { BudgetBoard } from './budget-board.ts';
import { createEstimator } from './estimate-call.ts';
import type { LimitContext } from './limit-gate.ts';
import { type CountingContext, Settlements } from './settlements.ts';

/** What the limits of an ingress share. @throws WeirError `BUDGET_INVALID`. */
export function createLimits(
  config: IngressConfig,
  dependencies: IngressDependencies,
  metrics: IngressMetrics,
): LimitContext {
  const budgets = compileBudgets(config.budgets);
  const board = budgets.length === 0 ? undefined : new BudgetBoard(budgets, () => dependencies.clock.now());
  if (board !== undefined && board.unenforced.length > 0) {
    const details = { budgets: board.unenforced };
    dependencies.logger.warn(details, 'these hard budgets count by what is not known before a call: they refuse none');
  }
  const counting: CountingContext = {
    state: dependencies.state,
    get meter() {
      return dependencies.meter?.();
    },
    dependencies,
    onUnreachable: () => metrics.stateUnreachable.inc(),
  };
  return {
    counting,
    settlements: new Settlements(counting),
    estimate: createEstimator(dependencies.readExchange, config.assumedOutputTokens),
    budgets: board,
    allowUncounted: config.allowUncounted,
  };
}
