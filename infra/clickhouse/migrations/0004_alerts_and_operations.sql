-- The newest version of each anomaly; columns of schemas/cost-anomaly.avsc.
CREATE TABLE IF NOT EXISTS {{database}}.anomalies{{onCluster}} (
  anomaly_id UUID,
  version Int32,
  status LowCardinality(String),
  severity LowCardinality(String),
  kind LowCardinality(String),
  detector LowCardinality(String),
  account LowCardinality(String),
  gateway LowCardinality(String),
  scope Map(LowCardinality(String), String),
  metric LowCardinality(String),
  detected_at DateTime64(3, 'UTC'),
  started_at DateTime64(3, 'UTC'),
  ended_at Nullable(DateTime64(3, 'UTC')),
  observed Float64,
  expected Float64,
  lower Float64,
  upper Float64,
  score Float64,
  impact_usd Decimal(18, 12),
  causes Array(Tuple(
    dimension LowCardinality(String),
    value String,
    kind LowCardinality(String),
    share Float64,
    delta_usd Decimal(18, 12))),
  evidence Map(LowCardinality(String), String),
  sample_request_ids Array(String),
  message String CODEC(ZSTD(3)),
  kafka_partition UInt16,
  kafka_offset UInt64,
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(started_at)
ORDER BY (account, started_at, anomaly_id)
SETTINGS {{dedupWindow 10000}};

-- The newest state of each budget and period; columns of schemas/budget-state.avsc.
CREATE TABLE IF NOT EXISTS {{database}}.budget_states{{onCluster}} (
  budget_id LowCardinality(String),
  scope_key String,
  scope Map(LowCardinality(String), String),
  period_start DateTime64(3, 'UTC'),
  period_end DateTime64(3, 'UTC'),
  limit_usd Nullable(Decimal(18, 12)),
  spent_usd Decimal(18, 12),
  requests Int64,
  tokens Int64,
  unpriced Int64,
  state LowCardinality(String),
  thresholds_fired Array(Float64),
  updated_at DateTime64(3, 'UTC'),
  version Int64,
  kafka_partition UInt16,
  kafka_offset UInt64,
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(period_start)
ORDER BY (budget_id, scope_key, period_start)
SETTINGS {{dedupWindow 10000}};

-- A mirror of weir.dead-letters for the console; columns of schemas/dead-letter.avsc.
CREATE TABLE IF NOT EXISTS {{database}}.dead_letters{{onCluster}} (
  ts DateTime64(3, 'UTC'),
  service LowCardinality(String),
  topic LowCardinality(String),
  partition Int32,
  offset Int64,
  key Nullable(String),
  headers Map(LowCardinality(String), String),
  value String CODEC(ZSTD(3)),
  error_code LowCardinality(String),
  error_message String CODEC(ZSTD(3)),
  schema_fingerprint LowCardinality(String),
  weir_version LowCardinality(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree}}
PARTITION BY toYYYYMM(ts)
ORDER BY (ts, service, topic, partition, offset)
TTL toDate(ts) + INTERVAL 30 DAY
SETTINGS {{dedupWindow 10000}};

-- What the loader inserted: written after success, for people to look at; not the source of truth.
CREATE TABLE IF NOT EXISTS {{database}}.ingest_batches{{onCluster}} (
  topic LowCardinality(String),
  partition Int32,
  first_offset Int64,
  last_offset Int64,
  table LowCardinality(String),
  token String,
  rows Int64,
  bytes Int64,
  schema_fingerprint LowCardinality(String),
  elapsed_ms Float64,
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree}}
ORDER BY (topic, partition, first_offset, table)
TTL toDate(inserted_at) + INTERVAL 90 DAY
SETTINGS {{dedupWindow 10000}};
