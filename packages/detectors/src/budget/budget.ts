import type { CalendarUnit, TimeSpan } from './zoned-period.ts';

/** A budget of the configuration, checked and made ready. Amounts are integers: no float touches money (I4). */
export interface Budget {
  readonly id: string;
  /** Id and a fingerprint of what is counted: state kept under another key is not this budget's. */
  readonly key: string;
  readonly filters: readonly BudgetFilter[];
  /** One state for each combination of the values of these dimensions. */
  readonly per: readonly string[];
  readonly period: BudgetPeriod;
  /** The limit of every period that no adjustment is for. */
  readonly limit: BudgetLimit;
  readonly adjustments: readonly Adjustment[];
  /** Rising. */
  readonly thresholds: readonly Threshold[];
  /** What the state becomes at the limit. */
  readonly enforcement: 'soft' | 'hard';
  /** A hard budget ends streams that outgrow their reservation when it has no room. */
  readonly cutStreams: boolean;
  /** What it warns of before the limit, beside thresholds. */
  readonly alertOn: { readonly burnRate: boolean; readonly forecast: boolean };
  /** A fingerprint of what may change while the sums stay: limit, adjustments, enforcement. */
  readonly terms: string;
  /** Combinations of `per` values with a state of their own; further ones share one. */
  readonly scopesMax: number;
}

export interface BudgetFilter {
  readonly dimension: string;
  readonly values: ReadonlySet<string>;
}

export type BudgetPeriod =
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timeZone: string; readonly startsOn?: number }
  /** The last `ROLLING_STEPS` steps, the one under way included. */
  | { readonly kind: 'rolling'; readonly stepMs: number };

export const ROLLING_STEPS = 60;

export interface BudgetLimit {
  readonly kind: 'usd' | 'tokens' | 'requests';
  /** Pico-dollars for `usd`. */
  readonly amount: bigint;
}

/** A change of a budget's limit for some periods, and why. */
export interface Adjustment {
  readonly kind: 'limit' | 'add';
  readonly amount: bigint;
  /** Half-open: it holds for every period, or window, that has a moment in it. */
  readonly span: TimeSpan;
  /** `per` values that a scope must have; empty: every scope. */
  readonly scope: ReadonlyMap<string, ReadonlySet<string>>;
  readonly reason: string;
}

/** A share of the limit, exactly as written: 0.8 is 8/10. */
export interface Threshold {
  readonly share: number;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Does the budget count an event with these dimension values? Undefined when it does not, else its `per` values. */
export function matchBudget(budget: Budget, valueIn: (dimension: string) => string): readonly string[] | undefined {
  for (const { dimension, values } of budget.filters) if (!values.has(valueIn(dimension))) return undefined;
  return budget.per.map(valueIn);
}

/** Names a scope for people and as a key: the budget's id and its `per` values; null = the combinations beyond the bound. */
export function scopeKey(budget: Budget, values: readonly string[] | null): string {
  if (values === null) return `${budget.id}|other`;
  return [budget.id, ...budget.per.map((dimension, at) => `${dimension}=${encodeURIComponent(values[at] ?? '')}`)].join(
    '|',
  );
}

/** The dimension values a scope is about: what the budget filters by, and its own `per` values. */
export function scopeValues(budget: Budget, values: readonly string[] | null): Record<string, string> {
  const scope: Record<string, string> = {};
  for (const filter of budget.filters) scope[filter.dimension] = [...filter.values].join(', ');
  budget.per.forEach((dimension, at) => {
    scope[dimension] = values === null ? '(other)' : (values[at] ?? '');
  });
  return scope;
}
