-- Bodies, sorted by a hash of how the request starts, so that one template compresses against itself; retention per row.
CREATE TABLE IF NOT EXISTS {{database}}.payloads{{onCluster}} (
  request_id UUID CODEC(ZSTD(1)),
  ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  account LowCardinality(String),
  gateway LowCardinality(String),
  provider LowCardinality(String),
  prefix_fp String CODEC(ZSTD(1)),
  -- Decoded bodies as text; head and tail with a gap when truncated.
  request_body String CODEC(ZSTD(3)),
  response_body String CODEC(ZSTD(3)),
  request_sha256 String CODEC(ZSTD(1)),
  response_sha256 String CODEC(ZSTD(1)),
  truncated Bool CODEC(ZSTD(1)),
  retention_days UInt16 DEFAULT 30 CODEC(T64, ZSTD(1)),
  drop_on Date MATERIALIZED toDate(ts) + retention_days CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
  INDEX ix_request_body lower(request_body) TYPE text(tokenizer = splitByNonAlpha),
  INDEX ix_response_body lower(response_body) TYPE text(tokenizer = splitByNonAlpha),
  INDEX ix_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ix_ts ts TYPE minmax GRANULARITY 1
) ENGINE = {{engine ReplacingMergeTree}}
PARTITION BY toYYYYMMDD(drop_on)
ORDER BY (account, prefix_fp, ts, request_id)
TTL drop_on
SETTINGS ttl_only_drop_parts = 1, {{dedupWindow 100000}},
  index_granularity_bytes = '64Mi', merge_max_block_size_bytes = '64Mi';
