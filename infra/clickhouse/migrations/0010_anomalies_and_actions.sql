-- What detected anomalies say beside budgets; columns of schemas/cost-anomaly.avsc.
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS driver LowCardinality(String) DEFAULT '' AFTER message;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS direction LowCardinality(String) DEFAULT '' AFTER driver;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS level LowCardinality(String) DEFAULT '' AFTER direction;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS attributed Array(Tuple(scope Map(String, String), share Float64)) AFTER level;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS event_time Nullable(DateTime64(3, 'UTC')) AFTER attributed;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS span_ms Nullable(Int64) AFTER event_time;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS spend_now_usd Nullable(Decimal(18, 12)) AFTER span_ms;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS spend_usual_usd Nullable(Decimal(18, 12)) AFTER spend_now_usd;
ALTER TABLE {{database}}.anomalies{{onCluster}} ADD COLUMN IF NOT EXISTS impact_usd_per_hour Nullable(Decimal(18, 12)) AFTER spend_usual_usd;

-- The newest word of a person about an alert or a scope; columns of schemas/alert-action.avsc.
CREATE TABLE IF NOT EXISTS {{database}}.alert_actions{{onCluster}} (
  action_key String,
  action LowCardinality(String),
  anomaly_id String,
  pattern Map(LowCardinality(String), String),
  until Nullable(DateTime64(3, 'UTC')),
  reason String,
  by String,
  at DateTime64(3, 'UTC'),
  kafka_partition UInt16,
  kafka_offset UInt64,
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree(kafka_offset)}}
ORDER BY action_key
SETTINGS {{dedupWindow 10000}};

-- Each alert as it stands, with what people said: `handling` is '', 'acknowledged' or 'muted'.
CREATE OR REPLACE VIEW {{database}}.alerts{{onCluster}} AS
WITH
  -- Mutes that hold or held: an alert is muted by one that held when it was found.
  (SELECT groupArray((
      CAST(arrayMap((name, value) -> (toString(name), concat('^', replaceAll(replaceRegexpAll(value, '([^A-Za-z0-9_*])', '\\\\\\1'), '*', '.*'), '$')),
        mapKeys(pattern), mapValues(pattern)), 'Array(Tuple(String, String))'),
      at, ifNull(until, toDateTime64('2100-01-01 00:00:00', 3, 'UTC'))))
   FROM {{database}}.alert_actions FINAL WHERE action = 'mute' AND anomaly_id = '') AS mutes
SELECT
  a.*,
  multiIf(
    acknowledged.action = 'acknowledge', 'acknowledged',
    acknowledged.action = 'mute' AND (isNull(acknowledged.until) OR acknowledged.until > a.detected_at), 'muted',
    arrayExists(m -> a.detected_at >= m.2 AND a.detected_at < m.3
      AND arrayAll(p -> match(if(p.1 = 'kind', toString(a.kind), a.scope[p.1]), p.2), m.1), mutes), 'muted',
    '') AS handling,
  acknowledged.reason AS handling_reason,
  acknowledged.by AS handled_by
FROM {{database}}.anomalies AS a FINAL
LEFT JOIN (SELECT * FROM {{database}}.alert_actions FINAL WHERE anomaly_id != '' AND action != 'withdraw') AS acknowledged
  ON acknowledged.anomaly_id = toString(a.anomaly_id);
