-- The ledger: one wide immutable row per upstream attempt, priced before it is loaded.
-- Columns carry the names of schemas/cost.avsc and a type that holds every value of the Avro type, so that no cast can
-- wrap. LowCardinality only where people filter and group: building its dictionaries is a third of an insert's time.
-- Statements end with a semicolon at the end of a line; each one can be repeated (packages/warehouse/src/migrations).
CREATE DATABASE IF NOT EXISTS {{database}}{{onCluster}};

CREATE TABLE IF NOT EXISTS {{database}}.requests{{onCluster}} (
  request_id UUID CODEC(ZSTD(1)),
  parent_id String CODEC(ZSTD(1)),
  event_id String CODEC(ZSTD(1)),
  attempt Int32 CODEC(T64, ZSTD(1)),
  step Int32 CODEC(T64, ZSTD(1)),
  ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  account LowCardinality(String),
  gateway LowCardinality(String),
  env LowCardinality(String),
  feature LowCardinality(String),
  user_id String CODEC(ZSTD(1)),
  session_id String CODEC(ZSTD(1)),
  trace_id String CODEC(ZSTD(1)),
  api_key_id LowCardinality(String),
  tags Map(String, String) CODEC(ZSTD(1)),
  revision Int32 CODEC(T64, ZSTD(1)),
  provider LowCardinality(String),
  pricing_provider String CODEC(ZSTD(1)),
  operation LowCardinality(String),
  request_model String CODEC(ZSTD(1)),
  response_model String CODEC(ZSTD(1)),
  priced_model String CODEC(ZSTD(1)),
  response_id String CODEC(ZSTD(1)),
  finish_reasons Array(String) CODEC(ZSTD(1)),
  service_tier String CODEC(ZSTD(1)),
  region String CODEC(ZSTD(1)),
  prompt_fp String CODEC(ZSTD(1)),
  path String CODEC(ZSTD(1)),
  stream Bool CODEC(ZSTD(1)),
  complete Bool CODEC(ZSTD(1)),
  status Int32 CODEC(T64, ZSTD(1)),
  outcome LowCardinality(String),
  error_code String CODEC(ZSTD(1)),
  error_type LowCardinality(String),
  cache_status LowCardinality(String),
  duration_ms Int64 CODEC(T64, ZSTD(1)),
  ttfb_ms Int64 CODEC(T64, ZSTD(1)),
  overhead_us Int64 CODEC(T64, ZSTD(1)),
  input_tokens Int64 CODEC(T64, ZSTD(1)),
  output_tokens Int64 CODEC(T64, ZSTD(1)),
  total_tokens Int64 CODEC(T64, ZSTD(1)),
  cache_read_tokens Int64 CODEC(T64, ZSTD(1)),
  cache_write_tokens Int64 CODEC(T64, ZSTD(1)),
  cache_write_5m_tokens Int64 CODEC(T64, ZSTD(1)),
  cache_write_1h_tokens Int64 CODEC(T64, ZSTD(1)),
  reasoning_tokens Int64 CODEC(T64, ZSTD(1)),
  usage Map(String, Float64) CODEC(ZSTD(1)),
  usage_source LowCardinality(String),
  usage_flags Array(String) CODEC(ZSTD(1)),
  usage_raw String CODEC(ZSTD(3)),
  cost_usd Nullable(Decimal(18, 12)) CODEC(T64, ZSTD(1)),
  cost_input_usd Decimal(18, 12) CODEC(T64, ZSTD(1)),
  cost_cache_read_usd Decimal(18, 12) CODEC(ZSTD(1)),
  cost_cache_write_usd Decimal(18, 12) CODEC(ZSTD(1)),
  cost_output_usd Decimal(18, 12) CODEC(T64, ZSTD(1)),
  cost_other_usd Decimal(18, 12) CODEC(ZSTD(1)),
  cost_reported_usd Nullable(Decimal(18, 12)) CODEC(ZSTD(1)),
  cost_saved_usd Decimal(18, 12) CODEC(ZSTD(1)),
  cost_source LowCardinality(String),
  cost_flags Array(String) CODEC(ZSTD(1)),
  unpriced_reason String CODEC(ZSTD(1)),
  price_book_version String CODEC(ZSTD(1)),
  cost_lines Array(Tuple(
    class String,
    quantity Float64,
    unit String,
    rate_usd String,
    per Int64,
    rate_id String,
    amount_usd Nullable(Decimal(18, 12)))) CODEC(ZSTD(1)),
  prompt_preview String CODEC(ZSTD(3)),
  response_preview String CODEC(ZSTD(3)),
  request_bytes Int64 CODEC(T64, ZSTD(1)),
  response_bytes Int64 CODEC(T64, ZSTD(1)),
  payload LowCardinality(String),
  source_partition Int32 CODEC(T64, ZSTD(1)),
  source_offset Int64 CODEC(DoubleDelta, ZSTD(1)),
  -- Lineage of the weir.costs record.
  kafka_partition UInt16 CODEC(T64, ZSTD(1)),
  kafka_offset UInt64 CODEC(DoubleDelta, ZSTD(1)),
  -- The export cursor.
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
  model LowCardinality(String) MATERIALIZED if(response_model != '', response_model, request_model),
  tag_items Array(String) ALIAS arrayMap((k, v) -> concat(k, '=', v), mapKeys(tags), mapValues(tags)),
  INDEX ix_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_user_id user_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_session_id session_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_parent_id parent_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_prompt_fp prompt_fp TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_cost_usd cost_usd TYPE minmax GRANULARITY 1,
  INDEX ix_duration_ms duration_ms TYPE minmax GRANULARITY 1,
  INDEX ix_inserted_at inserted_at TYPE minmax GRANULARITY 1,
  INDEX ix_kafka_offset kafka_offset TYPE minmax GRANULARITY 1,
  INDEX ix_outcome outcome TYPE set(8) GRANULARITY 1,
  INDEX ix_tags tag_items TYPE text(tokenizer = 'array')
) ENGINE = {{engine ReplacingMergeTree}}
PARTITION BY {{partition ts}}
PRIMARY KEY (account, toStartOfMinute(ts))
ORDER BY (account, toStartOfMinute(ts), ts, request_id, revision)
TTL toDate(ts) + INTERVAL 395 DAY
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}},
  -- A fresh part of 90 columns is one file, not 300; merges make it wide.
  min_bytes_for_wide_part = 268435456;

-- Corrections: what a later price book changes. The rows of requests stay as they were (architecture I6).
CREATE TABLE IF NOT EXISTS {{database}}.cost_adjustments{{onCluster}} (
  request_id UUID CODEC(ZSTD(1)),
  ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  account LowCardinality(String),
  gateway LowCardinality(String),
  env LowCardinality(String),
  feature LowCardinality(String),
  user_id String CODEC(ZSTD(1)),
  api_key_id LowCardinality(String),
  prompt_fp String CODEC(ZSTD(1)),
  provider LowCardinality(String),
  model LowCardinality(String),
  revision Int32 CODEC(T64, ZSTD(1)),
  -- New cost less the cost counted so far.
  delta_usd Decimal(18, 12) CODEC(ZSTD(1)),
  -- -1 when the correction prices a request that had no price, else 0.
  unpriced_delta Int8 CODEC(ZSTD(1)),
  reason LowCardinality(String),
  price_book_version LowCardinality(String),
  created_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
) ENGINE = {{engine ReplacingMergeTree}}
PARTITION BY toYYYYMM(ts)
ORDER BY (account, ts, request_id, revision)
SETTINGS {{dedupWindow 20000}};
