import { DIMENSION_NAMES, DIMENSIONS, type Dimension } from './dimensions.ts';
import { parameterError, type RawQuery } from './parameters.ts';
import type { ParameterValue } from './statement.ts';

const VALUES_MAX = 20;
const VALUE_LENGTH_MAX = 512;

/** Short names that callers may write for a dimension. */
const ALIASES: Readonly<Record<string, Dimension>> = { user: 'user_id' };

export const FILTER_NAMES: readonly string[] = [...DIMENSION_NAMES, ...Object.keys(ALIASES)];

/** Values wanted per dimension, in a fixed order so that equal filters compare equal as JSON. */
export type Filters = readonly (readonly [Dimension, readonly string[]])[];

/**
 * Reads the filters of a query string. `model=a&model=b` means either; `feature=` means rows without a feature.
 * @throws WeirError `CONSOLE_PARAMETER` beyond 20 values per dimension or 512 characters per value.
 */
export function readFilters(raw: RawQuery): Filters {
  const filters: [Dimension, readonly string[]][] = [];
  for (const name of DIMENSION_NAMES) {
    const spellings = [name, ...Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name)];
    const values = [...new Set(spellings.flatMap((spelling) => raw[spelling] ?? []))].sort();
    if (values.length === 0) continue;
    if (values.length > VALUES_MAX)
      throw parameterError(name, `${values.length} values`, `at most ${VALUES_MAX} values`);
    for (const value of values) {
      if (value.length > VALUE_LENGTH_MAX) throw parameterError(name, value, `at most ${VALUE_LENGTH_MAX} characters`);
    }
    filters.push([name, values]);
  }
  return filters;
}

/** The conditions of filters, and the parameters they bind: a value each, named `model`, or `model_1`, `model_2`, … */
export function filterConditions(filters: Filters): {
  readonly conditions: readonly string[];
  readonly params: Readonly<Record<string, ParameterValue>>;
} {
  const bound = filters.map(([name, values]) => ({
    column: DIMENSIONS[name],
    entries: values.map((value, index) => [values.length === 1 ? name : `${name}_${index + 1}`, value] as const),
  }));
  return {
    conditions: bound.map(({ column, entries }) => {
      const places = entries.map(([name]) => `{${name}:String}`).join(', ');
      // With one account the sort key's first column is constant, and the newest rows are read in order.
      return entries.length === 1 ? `${column} = ${places}` : `${column} IN (${places})`;
    }),
    params: Object.fromEntries(bound.flatMap(({ entries }) => entries)),
  };
}
