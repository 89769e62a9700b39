import { type Budget, type BudgetEntry, type BudgetMatch, dimensionOf, matchBudget } from '@weir/detectors';
import type { Assignment, LogRecord, StoredRecord } from '@weir/event-log';
import type { CostEvent } from '@weir/events';
import { type CostFollowerDependencies, followCosts } from '../costs/cost-follower.ts';
import { encodeEntries } from './budget-log-codec.ts';

export interface SpendWorkerDependencies
  extends Omit<CostFollowerDependencies, 'take' | 'records' | 'onIdle' | 'waitMs'> {
  readonly budgets: readonly Budget[];
}

const WAIT_MS = 1_000;
const ENTRIES_PER_RECORD = 250;

/** First stage of budgets: what some budget counts, of one partition of weir.costs, goes to weir.budget-log. */
export async function runSpendWorker(assignment: Assignment, dependencies: SpendWorkerDependencies): Promise<void> {
  let entries: BudgetEntry[] = [];
  await followCosts(assignment, {
    ...dependencies,
    waitMs: WAIT_MS,
    take(event, record) {
      const matches = matchesOf(dependencies.budgets, event);
      if (matches.length > 0) entries.push(entryOf(event, record, matches));
    },
    records() {
      const batch = recordsOf(assignment.partition, entries);
      entries = [];
      return batch;
    },
  });
}

function recordsOf(partition: number, entries: readonly BudgetEntry[]): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_RECORD) {
    const value = encodeEntries(partition, entries.slice(at, at + ENTRIES_PER_RECORD));
    records.push({ key: String(partition), value, partition: 0 });
  }
  return records;
}

function matchesOf(budgets: readonly Budget[], event: CostEvent): BudgetMatch[] {
  const matches: BudgetMatch[] = [];
  for (const budget of budgets) {
    const values = matchBudget(budget, (dimension) => dimensionOf(event, dimension));
    if (values !== undefined) matches.push([budget.key, values]);
  }
  return matches;
}

function entryOf(event: CostEvent, record: StoredRecord, matches: readonly BudgetMatch[]): BudgetEntry {
  return {
    partition: record.partition,
    offset: record.offset,
    requestId: event.request_id,
    ts: event.ts,
    cost: event.cost_usd,
    tokens: event.total_tokens,
    matches,
  };
}
