import { type Filters, filterConditions } from './filters.ts';
import type { ParameterValue } from './statement.ts';
import { clickhouseMoment, type TimeRange } from './time-range.ts';

/** Which requests a question is about. */
export interface Scope {
  readonly range: TimeRange;
  readonly filters: Filters;
}

/** Corrections are rows beside the first pricing; counting both would count a request twice. */
export const FIRST_PRICING = 'revision = 1';

/** The WHERE clause of a scope, one condition a line, and its parameters. `ts` is in the sort key, so it prunes. */
export function whereScope({ range, filters }: Scope): {
  readonly where: string;
  readonly params: Readonly<Record<string, ParameterValue>>;
} {
  const { conditions, params } = filterConditions(filters);
  const all = ["ts >= {from:DateTime64(3, 'UTC')}", "ts < {to:DateTime64(3, 'UTC')}", FIRST_PRICING, ...conditions];
  return {
    where: `WHERE ${all.join('\n  AND ')}`,
    params: { from: clickhouseMoment(range.fromMs), to: clickhouseMoment(range.toMs), ...params },
  };
}
