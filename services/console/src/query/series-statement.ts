import { DIMENSIONS, type Dimension, FAILED } from './dimensions.ts';
import { type Scope, whereScope } from './scope.ts';
import type { Statement } from './statement.ts';

/** SQL of what a chart can show, and of the order in which its largest keys are chosen. */
const MEASURES = {
  spend: { value: 'sum(cost_usd)', rank: 'sum(cost_usd)' },
  requests: { value: 'count()', rank: 'count()' },
  tokens: { value: 'sum(input_tokens + output_tokens)', rank: 'sum(input_tokens + output_tokens)' },
  errors: { value: `countIf(${FAILED})`, rank: `countIf(${FAILED})` },
  // The keys that matter are the busy ones, not those with one slow request.
  latency_p95: { value: 'quantileTDigest(0.95)(duration_ms)', rank: 'count()' },
} as const;

export type Measure = keyof typeof MEASURES;

export const MEASURE_NAMES = Object.keys(MEASURES) as readonly Measure[];

/** How many keys a chart names; the rest is one series, "other". */
export const NAMED_SERIES = 8;

/** One row per time slot and key; keys beyond the largest are one group with `is_named = 0`. */
export function seriesStatement(scope: Scope, by: Dimension, measure: Measure, stepSeconds: number): Statement {
  const { where, params } = whereScope(scope);
  const key = DIMENSIONS[by];
  const { value, rank } = MEASURES[measure];
  return {
    sql: `WITH largest AS (
  SELECT ${key} AS name
  FROM weir.requests
  ${where.replaceAll('\n', '\n  ')}
  GROUP BY name
  ORDER BY ${rank} DESC NULLS LAST, name
  LIMIT ${NAMED_SERIES}
)
SELECT
  toUnixTimestamp(toStartOfInterval(ts, toIntervalSecond({step:UInt32}))) AS slot,
  ${key} IN (SELECT name FROM largest) AS is_named,
  if(is_named, ${key}, '') AS name,
  ${value} AS value,
  count() AS requests,
  countIf(cost_usd IS NULL) AS unpriced
FROM weir.requests
${where}
GROUP BY slot, is_named, name
ORDER BY slot, is_named DESC, name`,
    params: { ...params, step: stepSeconds },
  };
}
