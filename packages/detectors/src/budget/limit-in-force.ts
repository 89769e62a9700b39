import type { Budget } from './budget.ts';
import type { TimeSpan } from './zoned-period.ts';

export interface LimitInForce {
  readonly amount: bigint;
  /** Why it is not the budget's own, in the order of the configuration. */
  readonly reasons: readonly string[];
}

/** The limit of a scope in a span: a function of both, so that a replay finds the same. The last `limit` wins, every `add` counts. */
export function limitInForce(budget: Budget, span: TimeSpan, values: readonly string[] | null): LimitInForce {
  let { amount } = budget.limit;
  let added = 0n;
  const reasons: string[] = [];
  for (const adjustment of budget.adjustments) {
    if (span.start >= adjustment.span.end || span.end <= adjustment.span.start) continue;
    if (![...adjustment.scope].every(([dimension, wanted]) => wanted.has(perValue(budget, values, dimension))))
      continue;
    if (adjustment.kind === 'limit') amount = adjustment.amount;
    else added += adjustment.amount;
    reasons.push(adjustment.reason);
  }
  return { amount: amount + added, reasons };
}

const perValue = (budget: Budget, values: readonly string[] | null, dimension: string): string =>
  values?.[budget.per.indexOf(dimension)] ?? '';
