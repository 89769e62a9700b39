-- Repricing: what a correction is made of, how it is written whole or not at all, and what keeps it and the audit of the
-- rollups out of each other's way (services/cost/src/reprice, packages/warehouse/src/audit).

-- A correction explains itself as a row of requests does: the corrected cost, its parts and its lines.
ALTER TABLE {{database}}.cost_adjustments{{onCluster}}
  ADD COLUMN IF NOT EXISTS delta_input_usd Decimal(18, 12) CODEC(ZSTD(1)) AFTER delta_usd,
  ADD COLUMN IF NOT EXISTS delta_cache_read_usd Decimal(18, 12) CODEC(ZSTD(1)) AFTER delta_input_usd,
  ADD COLUMN IF NOT EXISTS delta_cache_write_usd Decimal(18, 12) CODEC(ZSTD(1)) AFTER delta_cache_read_usd,
  ADD COLUMN IF NOT EXISTS delta_output_usd Decimal(18, 12) CODEC(ZSTD(1)) AFTER delta_cache_write_usd,
  ADD COLUMN IF NOT EXISTS delta_other_usd Decimal(18, 12) CODEC(ZSTD(1)) AFTER delta_output_usd,
  ADD COLUMN IF NOT EXISTS cost_usd Nullable(Decimal(18, 12)) CODEC(ZSTD(1)) AFTER unpriced_delta,
  ADD COLUMN IF NOT EXISTS cost_source LowCardinality(String) AFTER cost_usd,
  ADD COLUMN IF NOT EXISTS cost_flags Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER cost_source,
  ADD COLUMN IF NOT EXISTS unpriced_reason LowCardinality(String) AFTER cost_flags,
  ADD COLUMN IF NOT EXISTS priced_model LowCardinality(String) AFTER unpriced_reason,
  ADD COLUMN IF NOT EXISTS cost_lines Array(Tuple(
    class LowCardinality(String),
    quantity Float64,
    unit LowCardinality(String),
    rate_usd LowCardinality(String),
    per Int64,
    rate_id LowCardinality(String),
    amount_usd Nullable(Decimal(18, 12)))) CODEC(ZSTD(1)) AFTER priced_model,
  -- Which repricing wrote it, and in which of its chunks.
  ADD COLUMN IF NOT EXISTS run_id LowCardinality(String) AFTER cost_lines,
  ADD COLUMN IF NOT EXISTS chunk UInt32 CODEC(T64, ZSTD(1)) AFTER run_id;

ALTER TABLE {{database}}.cost_adjustments_1m_mv{{onCluster}} MODIFY QUERY
SELECT
  account, gateway, env, provider, model, toStartOfMinute(ts) AS minute,
  sum(r.unpriced_delta) AS unpriced,
  sum(r.delta_usd) AS cost_usd,
  sum(r.delta_input_usd) AS cost_input_usd,
  sum(r.delta_cache_read_usd) AS cost_cache_read_usd,
  sum(r.delta_cache_write_usd) AS cost_cache_write_usd,
  sum(r.delta_output_usd) AS cost_output_usd,
  sum(r.delta_other_usd) AS cost_other_usd
FROM {{database}}.cost_adjustments AS r
GROUP BY ALL;

-- Prices of one chunk, until it is staged: what varies from row to row, in pico-dollars, and what many rows share.
CREATE TABLE IF NOT EXISTS {{database}}.repricing_prices{{onCluster}} (
  chunk UInt32,
  request_id UUID,
  template UInt32,
  quantities Array(Float64),
  amounts Array(Int64)
) ENGINE = {{engine MergeTree}}
PARTITION BY chunk
ORDER BY request_id
SETTINGS {{dedupWindow 1000}};

CREATE TABLE IF NOT EXISTS {{database}}.repricing_templates{{onCluster}} (
  chunk UInt32,
  template UInt32,
  unknown Bool,
  cost_source String,
  cost_flags Array(String),
  unpriced_reason String,
  priced_model String,
  -- Which part of the cost (1 = input … 5 = other) a line adds to; `known` is false for a line without a rate.
  lines Array(Tuple(class String, unit String, rate_usd String, per Int64, rate_id String, part UInt8, known Bool))
) ENGINE = {{engine MergeTree}}
PARTITION BY chunk
ORDER BY template
SETTINGS {{dedupWindow 1000}};

-- The corrections of one chunk before they are written: what a chunk that was killed is written from again.
CREATE TABLE IF NOT EXISTS {{database}}.repricing_staged{{onCluster}} AS {{database}}.cost_adjustments
ENGINE = {{engine MergeTree}}
PARTITION BY (run_id, chunk)
ORDER BY (account, ts, request_id, revision)
SETTINGS {{dedupWindow 1000}};

-- Who is about to change the sums of a day: a repricing that runs (`run`), one of its chunks that is staged and may have
-- been written in part (`chunk`), the audit that makes the rollups of a day anew (`audit`). The newest version counts.
CREATE TABLE IF NOT EXISTS {{database}}.rollup_seals{{onCluster}} (
  kind LowCardinality(String),
  run_id String,
  chunk UInt32,
  day Date,
  state LowCardinality(String),
  holder String,
  rows UInt64,
  price_book_version String,
  at DateTime64(3, 'UTC'),
  version UInt64
) ENGINE = {{engine ReplacingMergeTree(version)}}
ORDER BY (kind, run_id, chunk, day)
SETTINGS {{dedupWindow 10000}};
