import { SOURCES, windowOf } from './dataset.ts';

const TOKENS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
];
const PARTS = [
  'cost_input_usd',
  'cost_cache_read_usd',
  'cost_cache_write_usd',
  'cost_output_usd',
  'cost_other_usd',
  'cost_saved_usd',
];
const counted = [...TOKENS, ...PARTS];
const quantiles = (column: string, condition: string): string =>
  [50, 95, 99]
    .map((percent) => `quantileExactOrNullIf(${percent / 100})(${column}, ${condition}) AS ${column}_p${percent}`)
    .join(', ');

/**
 * The hour as `usage_1h` defines it (first pricing, corrections added), counted from the ledger itself: a rollup table
 * may lack the share of an insert that was killed (docs/invariants.md), an exported hour may not.
 */
export const USAGE_SELECT = `SELECT account, gateway, env, provider, model, hour,
  countIf(request) AS requests,
  countIf(request AND outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')) AS errors,
  countIf(request AND outcome = 'rate_limited') AS rate_limited,
  countIf(request AND outcome = 'cancelled') AS cancelled,
  countIf(request AND outcome = 'blocked') AS blocked,
  countIf(request AND attempt > 1) AS retries,
  countIf(request AND cache_status = 'hit') AS cache_hits,
  countIf(request AND usage_source = 'estimated') AS estimated,
  sum(unpriced_rows) AS unpriced,
  ${counted.map((column) => `sum(r.${column}) AS ${column}`).join(', ')},
  sum(usd) AS cost_usd,
  ${quantiles('duration_ms', 'request')},
  ${quantiles('ttfb_ms', 'request AND ttfb_ms > 0')},
  ${quantiles('overhead_us', 'request')}
FROM (
  SELECT t.account AS account, t.gateway AS gateway, t.env AS env, t.provider AS provider, t.model AS model,
    toStartOfHour(t.ts) AS hour, true AS request, t.outcome AS outcome, t.attempt AS attempt,
    t.cache_status AS cache_status, t.usage_source AS usage_source, toInt64(isNull(t.cost_usd)) AS unpriced_rows,
    ${counted.map((column) => `t.${column} AS ${column}`).join(', ')},
    ifNull(t.cost_usd, toDecimal64(0, 12)) AS usd,
    t.duration_ms AS duration_ms, t.ttfb_ms AS ttfb_ms, t.overhead_us AS overhead_us
  ${windowOf(SOURCES.REQUESTS)} AND t.revision = 1
  UNION ALL
  SELECT t.account, t.gateway, t.env, t.provider, t.model, toStartOfHour(t.ts), false, '', 0, '', '',
    toInt64(t.unpriced_delta), ${TOKENS.map(() => '0').join(', ')}, ${PARTS.map(() => 'toDecimal64(0, 12)').join(', ')},
    t.delta_usd, 0, 0, 0
  ${windowOf(SOURCES.ADJUSTMENTS)}
) AS r
GROUP BY account, gateway, env, provider, model, hour`;
