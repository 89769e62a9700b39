-- What a cache would have saved, before it is switched on. Rows of before have no key and do not count.
ALTER TABLE {{database}}.requests{{onCluster}} ADD COLUMN IF NOT EXISTS cache_key String CODEC(ZSTD(1)) AFTER cache_status;

-- Plays the cache over the ledger: of each key in time order, an answer that came whole serves what is asked from its start
-- until `ttl` seconds after its end (equal requests at the same time wait for one), and the next answer after that replaces it.
-- Exact to the row; money in pico-dollars, so that no float touches it. Retries count with the request that they belong to.
CREATE VIEW IF NOT EXISTS {{database}}.cache_estimate{{onCluster}} AS
WITH
  toInt128(0) AS no_money,
  arrayFold(
    (state, row) -> (
      if(row.1 >= state.2 AND row.4, row.2, state.1),
      if(row.1 >= state.2 AND row.4, row.2 + toInt64({ttl:UInt32}) * 1000, state.2),
      mapAdd(state.3, map(row.5, toUInt64(row.3))),
      mapAdd(state.4, map(row.5, toUInt64(row.3 AND row.1 < state.2))),
      mapAdd(state.5, map(row.5, if(row.1 < state.2, row.6, no_money))),
      mapAdd(state.6, map(row.5, toUInt64(row.7 AND row.1 < state.2))),
      mapAdd(state.7, map(row.5, if(row.1 < state.2, greatest(row.2 - greatest(row.1, state.1), toInt64(0)), toInt64(0))))
    ),
    arraySort(row -> (row.1, row.8), groupArray((
      toInt64(toUnixTimestamp64Milli(ts)),
      toInt64(toUnixTimestamp64Milli(ts)) + duration_ms,
      attempt = 1,
      status = 200 AND complete AND outcome IN ('ok', 'cancelled') AND error_type = '',
      toString(feature),
      toInt128(ifNull(if(cache_status = 'hit', cost_saved_usd, cost_usd), 0) * toDecimal128(1000000000000, 0)),
      isNull(cost_usd) OR has(cost_flags, 'saved_unknown'),
      request_id
    ))),
    (
      toInt64(0),
      toInt64(0),
      CAST(map(), 'Map(String, UInt64)'),
      CAST(map(), 'Map(String, UInt64)'),
      CAST(map(), 'Map(String, Int128)'),
      CAST(map(), 'Map(String, UInt64)'),
      CAST(map(), 'Map(String, Int64)')
    )
  ) AS played
SELECT
  account,
  gateway,
  feature,
  sum(asked.3[feature]) AS requests,
  sum(asked.4[feature]) AS hits,
  round(hits / requests, 4) AS hit_rate,
  toDecimal128(sum(asked.5[feature]), 12) / toDecimal128(1000000000000, 0) AS saved_usd,
  sum(asked.6[feature]) AS hits_of_unknown_cost,
  sum(asked.7[feature]) / 1000 AS saved_seconds,
  multiIf(hit_rate > 0.15, 'pays', hit_rate < 0.05, 'does not pay', 'may pay') AS verdict
FROM (
  SELECT account, gateway, cache_key, played AS asked
  FROM {{database}}.requests
  WHERE cache_key != '' AND ts >= now64(3) - toIntervalDay({days:UInt32})
  GROUP BY account, gateway, cache_key
)
ARRAY JOIN mapKeys(asked.3) AS feature
GROUP BY account, gateway, feature;
