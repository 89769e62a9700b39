import { DIMENSIONS, type Dimension, FAILED } from './dimensions.ts';
import { type Scope, whereScope } from './scope.ts';
import type { Statement } from './statement.ts';

/** One row per key, the most expensive first; `groups` and `spend_of_all` are over all keys, beyond the limit too. */
export function breakdownStatement(scope: Scope, by: Dimension, limit: number): Statement {
  const { where, params } = whereScope(scope);
  return {
    sql: `SELECT
  ${DIMENSIONS[by]} AS name,
  count() AS requests,
  sum(cost_usd) AS spend, -- an unknown cost is NULL, and is not added
  countIf(cost_usd IS NULL) AS unpriced,
  sum(input_tokens) AS tokens_in,
  sum(output_tokens) AS tokens_out,
  sum(cache_read_tokens) AS tokens_cached,
  countIf(${FAILED}) AS errors,
  quantileTDigest(0.95)(duration_ms) AS latency_p95_ms,
  count() OVER () AS groups,
  sum(sum(cost_usd)) OVER () AS spend_of_all
FROM weir.requests
${where}
GROUP BY name
ORDER BY spend DESC NULLS LAST, requests DESC, name
LIMIT {limit:UInt32}`,
    params: { ...params, limit },
  };
}
