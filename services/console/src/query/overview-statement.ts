import { FAILED } from './dimensions.ts';
import { type Scope, whereScope } from './scope.ts';
import type { Statement } from './statement.ts';
import { clickhouseMoment, previousPeriod } from './time-range.ts';

/** Totals of a period and of the equal period before it, one row each (`is_current`), in one pass. */
export function overviewStatement(scope: Scope): Statement {
  const previous = previousPeriod(scope.range);
  const both = whereScope({ ...scope, range: { fromMs: previous.fromMs, toMs: scope.range.toMs } });
  return {
    sql: `SELECT
  ts >= {middle:DateTime64(3, 'UTC')} AS is_current,
  count() AS requests,
  sum(cost_usd) AS spend, -- an unknown cost is NULL, and is not added
  countIf(cost_usd IS NULL) AS unpriced,
  sum(cost_saved_usd) AS saved,
  sum(input_tokens) AS tokens_in,
  sum(output_tokens) AS tokens_out,
  sum(cache_read_tokens) AS tokens_cached,
  countIf(cache_status = 'hit') AS cache_hits,
  countIf(${FAILED}) AS errors,
  quantilesTDigest(0.5, 0.95, 0.99)(duration_ms) AS latency_ms,
  quantilesTDigestIf(0.5, 0.95, 0.99)(ttfb_ms, ttfb_ms > 0) AS first_byte_ms,
  quantileTDigest(0.5)(overhead_us) AS overhead_p50_us
FROM weir.requests
${both.where}
GROUP BY is_current`,
    params: { ...both.params, middle: clickhouseMoment(scope.range.fromMs) },
  };
}
