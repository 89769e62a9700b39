-- Rollups. Every target carries its own deduplication window: without it a retried insert is counted twice.
-- They count the first pricing only (revision = 1); corrections arrive through cost_adjustments.
-- Sums are Decimal(38, 12); unknown cost adds nothing to cost_usd and one to `unpriced`.
-- errors = client_error, provider_error, rate_limited, timeout (cancelled and blocked are counted apart).

-- By minute; feeds usage_1h, which feeds usage_1d.
CREATE TABLE IF NOT EXISTS {{database}}.usage_1m{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  env LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  rate_limited SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cancelled SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  blocked SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  retries SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  estimated SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  unpriced SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  input_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  output_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  total_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_read_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_write_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  reasoning_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_input_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_read_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_write_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_output_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_other_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_saved_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  max_cost_usd SimpleAggregateFunction(max, Decimal(18, 12)) CODEC(ZSTD(1)),
  duration_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1)),
  ttfb_ms AggregateFunction(quantilesTDigestIf(0.5, 0.9, 0.95, 0.99), Int64, UInt8) CODEC(ZSTD(1)),
  overhead_us AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1))
) ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYYYYMM(minute)
ORDER BY (account, gateway, env, provider, model, minute)
TTL toDate(minute) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}};

CREATE TABLE IF NOT EXISTS {{database}}.usage_1h{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  env LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  rate_limited SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cancelled SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  blocked SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  retries SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  estimated SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  unpriced SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  input_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  output_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  total_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_read_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_write_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  reasoning_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_input_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_read_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_write_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_output_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_other_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_saved_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  max_cost_usd SimpleAggregateFunction(max, Decimal(18, 12)) CODEC(ZSTD(1)),
  duration_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1)),
  ttfb_ms AggregateFunction(quantilesTDigestIf(0.5, 0.9, 0.95, 0.99), Int64, UInt8) CODEC(ZSTD(1)),
  overhead_us AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1))
) ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYYYYMM(hour)
ORDER BY (account, gateway, env, provider, model, hour)
TTL toDate(hour) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}};

-- Kept for ever: a year of 50 models and 3 environments is about 55,000 rows.
CREATE TABLE IF NOT EXISTS {{database}}.usage_1d{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  env LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  day Date CODEC(Delta(2), ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  rate_limited SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cancelled SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  blocked SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  retries SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  estimated SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  unpriced SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  input_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  output_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  total_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_read_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_write_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  reasoning_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_input_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_read_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_cache_write_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_output_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_other_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_saved_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  max_cost_usd SimpleAggregateFunction(max, Decimal(18, 12)) CODEC(ZSTD(1)),
  duration_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1)),
  ttfb_ms AggregateFunction(quantilesTDigestIf(0.5, 0.9, 0.95, 0.99), Int64, UInt8) CODEC(ZSTD(1)),
  overhead_us AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), Int64) CODEC(ZSTD(1))
) ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYear(day)
ORDER BY (account, gateway, env, provider, model, day)
SETTINGS {{dedupWindow 100000}};

-- By hour in long format: dimension is feature, api_key_id or prompt_fp; value '' is what carried none, so that the
-- sum over the values of a dimension is the whole.
CREATE TABLE IF NOT EXISTS {{database}}.usage_dim_1h{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  dimension LowCardinality(String),
  value String CODEC(ZSTD(1)),
  env LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  unpriced SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  input_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  output_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_read_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_write_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  reasoning_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_saved_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1))
) ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYYYYMM(hour)
ORDER BY (account, gateway, dimension, hour, value, env, provider, model)
TTL toDate(hour) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}};

-- By day and user: by the hour this would have more rows than requests.
CREATE TABLE IF NOT EXISTS {{database}}.usage_user_1d{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  day Date CODEC(Delta(2), ZSTD(1)),
  user_id String CODEC(ZSTD(1)),
  env LowCardinality(String),
  provider LowCardinality(String),
  model LowCardinality(String),
  requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  cache_hits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
  unpriced SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  input_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  output_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_read_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cache_write_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  reasoning_tokens SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
  cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  cost_saved_usd SimpleAggregateFunction(sum, Decimal(38, 12)) CODEC(ZSTD(1)),
  last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1))
) ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYYYYMM(day)
ORDER BY (account, gateway, day, user_id, env, provider, model)
TTL day + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}};

-- Counts for the filter menus. Of tags only the keys: a key with a value per request would fill the table.
CREATE TABLE IF NOT EXISTS {{database}}.facets_1h{{onCluster}} (
  account LowCardinality(String),
  gateway LowCardinality(String),
  dimension LowCardinality(String),
  value String CODEC(ZSTD(1)),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  requests UInt64 CODEC(T64, ZSTD(1))
) ENGINE = {{engine SummingMergeTree(requests)}}
PARTITION BY toYYYYMM(hour)
ORDER BY (account, gateway, dimension, value, hour)
TTL toDate(hour) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}};

-- The views come after every table, so that a half-applied migration never feeds some rollups only.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.usage_1m_mv{{onCluster}} TO {{database}}.usage_1m AS
SELECT
  account, gateway, env, provider, model, toStartOfMinute(ts) AS minute,
  count() AS requests,
  countIf(outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')) AS errors,
  countIf(outcome = 'rate_limited') AS rate_limited,
  countIf(outcome = 'cancelled') AS cancelled,
  countIf(outcome = 'blocked') AS blocked,
  countIf(attempt > 1) AS retries,
  countIf(cache_status = 'hit') AS cache_hits,
  countIf(usage_source = 'estimated') AS estimated,
  countIf(isNull(r.cost_usd)) AS unpriced,
  sum(r.input_tokens) AS input_tokens,
  sum(r.output_tokens) AS output_tokens,
  sum(r.total_tokens) AS total_tokens,
  sum(r.cache_read_tokens) AS cache_read_tokens,
  sum(r.cache_write_tokens) AS cache_write_tokens,
  sum(r.reasoning_tokens) AS reasoning_tokens,
  sum(ifNull(r.cost_usd, 0)) AS cost_usd,
  sum(r.cost_input_usd) AS cost_input_usd,
  sum(r.cost_cache_read_usd) AS cost_cache_read_usd,
  sum(r.cost_cache_write_usd) AS cost_cache_write_usd,
  sum(r.cost_output_usd) AS cost_output_usd,
  sum(r.cost_other_usd) AS cost_other_usd,
  sum(r.cost_saved_usd) AS cost_saved_usd,
  max(ifNull(r.cost_usd, 0)) AS max_cost_usd,
  quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(r.duration_ms) AS duration_ms,
  quantilesTDigestIfState(0.5, 0.9, 0.95, 0.99)(r.ttfb_ms, r.ttfb_ms > 0) AS ttfb_ms,
  quantilesTDigestState(0.5, 0.9, 0.95, 0.99)(r.overhead_us) AS overhead_us
FROM {{database}}.requests AS r
WHERE revision = 1
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.usage_1h_mv{{onCluster}} TO {{database}}.usage_1h AS
SELECT
  account, gateway, env, provider, model, toStartOfHour(r.minute) AS hour,
  sum(r.requests) AS requests,
  sum(r.errors) AS errors,
  sum(r.rate_limited) AS rate_limited,
  sum(r.cancelled) AS cancelled,
  sum(r.blocked) AS blocked,
  sum(r.retries) AS retries,
  sum(r.cache_hits) AS cache_hits,
  sum(r.estimated) AS estimated,
  sum(r.unpriced) AS unpriced,
  sum(r.input_tokens) AS input_tokens,
  sum(r.output_tokens) AS output_tokens,
  sum(r.total_tokens) AS total_tokens,
  sum(r.cache_read_tokens) AS cache_read_tokens,
  sum(r.cache_write_tokens) AS cache_write_tokens,
  sum(r.reasoning_tokens) AS reasoning_tokens,
  sum(r.cost_usd) AS cost_usd,
  sum(r.cost_input_usd) AS cost_input_usd,
  sum(r.cost_cache_read_usd) AS cost_cache_read_usd,
  sum(r.cost_cache_write_usd) AS cost_cache_write_usd,
  sum(r.cost_output_usd) AS cost_output_usd,
  sum(r.cost_other_usd) AS cost_other_usd,
  sum(r.cost_saved_usd) AS cost_saved_usd,
  max(r.max_cost_usd) AS max_cost_usd,
  quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(r.duration_ms) AS duration_ms,
  quantilesTDigestIfMergeState(0.5, 0.9, 0.95, 0.99)(r.ttfb_ms) AS ttfb_ms,
  quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(r.overhead_us) AS overhead_us
FROM {{database}}.usage_1m AS r
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.usage_1d_mv{{onCluster}} TO {{database}}.usage_1d AS
SELECT
  account, gateway, env, provider, model, toDate(r.hour) AS day,
  sum(r.requests) AS requests,
  sum(r.errors) AS errors,
  sum(r.rate_limited) AS rate_limited,
  sum(r.cancelled) AS cancelled,
  sum(r.blocked) AS blocked,
  sum(r.retries) AS retries,
  sum(r.cache_hits) AS cache_hits,
  sum(r.estimated) AS estimated,
  sum(r.unpriced) AS unpriced,
  sum(r.input_tokens) AS input_tokens,
  sum(r.output_tokens) AS output_tokens,
  sum(r.total_tokens) AS total_tokens,
  sum(r.cache_read_tokens) AS cache_read_tokens,
  sum(r.cache_write_tokens) AS cache_write_tokens,
  sum(r.reasoning_tokens) AS reasoning_tokens,
  sum(r.cost_usd) AS cost_usd,
  sum(r.cost_input_usd) AS cost_input_usd,
  sum(r.cost_cache_read_usd) AS cost_cache_read_usd,
  sum(r.cost_cache_write_usd) AS cost_cache_write_usd,
  sum(r.cost_output_usd) AS cost_output_usd,
  sum(r.cost_other_usd) AS cost_other_usd,
  sum(r.cost_saved_usd) AS cost_saved_usd,
  max(r.max_cost_usd) AS max_cost_usd,
  quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(r.duration_ms) AS duration_ms,
  quantilesTDigestIfMergeState(0.5, 0.9, 0.95, 0.99)(r.ttfb_ms) AS ttfb_ms,
  quantilesTDigestMergeState(0.5, 0.9, 0.95, 0.99)(r.overhead_us) AS overhead_us
FROM {{database}}.usage_1h AS r
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.usage_dim_1h_mv{{onCluster}} TO {{database}}.usage_dim_1h AS
SELECT
  account, gateway, d.1 AS dimension, d.2 AS value, env, provider, model, toStartOfHour(ts) AS hour,
  count() AS requests,
  countIf(outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')) AS errors,
  countIf(cache_status = 'hit') AS cache_hits,
  countIf(isNull(r.cost_usd)) AS unpriced,
  sum(r.input_tokens) AS input_tokens,
  sum(r.output_tokens) AS output_tokens,
  sum(r.cache_read_tokens) AS cache_read_tokens,
  sum(r.cache_write_tokens) AS cache_write_tokens,
  sum(r.reasoning_tokens) AS reasoning_tokens,
  sum(ifNull(r.cost_usd, 0)) AS cost_usd,
  sum(r.cost_saved_usd) AS cost_saved_usd
FROM {{database}}.requests AS r
ARRAY JOIN [('feature', toString(feature)), ('api_key_id', toString(api_key_id)), ('prompt_fp', prompt_fp)] AS d
WHERE revision = 1
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.usage_user_1d_mv{{onCluster}} TO {{database}}.usage_user_1d AS
SELECT
  account, gateway, toDate(ts) AS day, user_id, env, provider, model,
  count() AS requests,
  countIf(outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')) AS errors,
  countIf(cache_status = 'hit') AS cache_hits,
  countIf(isNull(r.cost_usd)) AS unpriced,
  sum(r.input_tokens) AS input_tokens,
  sum(r.output_tokens) AS output_tokens,
  sum(r.cache_read_tokens) AS cache_read_tokens,
  sum(r.cache_write_tokens) AS cache_write_tokens,
  sum(r.reasoning_tokens) AS reasoning_tokens,
  sum(ifNull(r.cost_usd, 0)) AS cost_usd,
  sum(r.cost_saved_usd) AS cost_saved_usd,
  max(ts) AS last_seen
FROM {{database}}.requests AS r
WHERE revision = 1
GROUP BY ALL;

-- Grouping by the combination first leaves few rows to unfold.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.facets_1h_mv{{onCluster}} TO {{database}}.facets_1h AS
SELECT account, gateway, d.1 AS dimension, d.2 AS value, hour, sum(c.combination_requests) AS requests
FROM (
  SELECT
    account, gateway, toStartOfHour(ts) AS hour, env, provider, model, operation, outcome, error_type, status,
    cache_status, cost_source, usage_source, mapKeys(tags) AS tag_keys, count() AS combination_requests
  FROM {{database}}.requests
  WHERE revision = 1
  GROUP BY ALL
) AS c
ARRAY JOIN arrayConcat(
  [('env', toString(env)), ('provider', toString(provider)), ('model', toString(model)),
   ('operation', toString(operation)), ('outcome', toString(outcome)), ('error_type', toString(error_type)),
   ('status', toString(status)), ('cache_status', toString(cache_status)), ('cost_source', toString(cost_source)),
   ('usage_source', toString(usage_source))],
  arrayMap(key -> ('tag', toString(key)), tag_keys)) AS d
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.facets_1h_dim_mv{{onCluster}} TO {{database}}.facets_1h AS
SELECT account, gateway, dimension, value, hour, sum(r.requests) AS requests
FROM {{database}}.usage_dim_1h AS r
WHERE dimension IN ('feature', 'api_key_id')
GROUP BY ALL;

-- Corrections move the money of the hour they correct, not its counts.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.cost_adjustments_1m_mv{{onCluster}} TO {{database}}.usage_1m AS
SELECT
  account, gateway, env, provider, model, toStartOfMinute(ts) AS minute,
  sum(r.unpriced_delta) AS unpriced,
  sum(r.delta_usd) AS cost_usd
FROM {{database}}.cost_adjustments AS r
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.cost_adjustments_dim_1h_mv{{onCluster}} TO {{database}}.usage_dim_1h AS
SELECT
  account, gateway, d.1 AS dimension, d.2 AS value, env, provider, model, toStartOfHour(ts) AS hour,
  sum(r.unpriced_delta) AS unpriced,
  sum(r.delta_usd) AS cost_usd
FROM {{database}}.cost_adjustments AS r
ARRAY JOIN [('feature', toString(feature)), ('api_key_id', toString(api_key_id)), ('prompt_fp', prompt_fp)] AS d
GROUP BY ALL;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.cost_adjustments_user_1d_mv{{onCluster}} TO {{database}}.usage_user_1d AS
SELECT
  account, gateway, toDate(ts) AS day, user_id, env, provider, model,
  sum(r.unpriced_delta) AS unpriced,
  sum(r.delta_usd) AS cost_usd
FROM {{database}}.cost_adjustments AS r
GROUP BY ALL;
