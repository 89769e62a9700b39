-- Ways to look at the ledger (docs/ledger.md). Every amount is exact; unknown stays NULL.

-- List prices of the books that were used here, as whole numbers: pico-dollars for one unit = numerator / denominator.
CREATE TABLE IF NOT EXISTS {{database}}.price_rates{{onCluster}} (
  price_book_version String,
  provider LowCardinality(String),
  model String,
  tier LowCardinality(String),
  class LowCardinality(String),
  -- Holds from this many input tokens on.
  from_tokens UInt64,
  valid_from DateTime64(3, 'UTC'),
  valid_to DateTime64(3, 'UTC'),
  rate_usd String,
  per Int64,
  numerator Int128,
  denominator Int128,
  published_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine ReplacingMergeTree}}
ORDER BY (provider, model, tier, class, from_tokens, valid_from, price_book_version)
SETTINGS {{dedupWindow 1000}};

-- Every entry: what was booked, and each correction. Sums over all are corrected, over `entry = 'booked'` booked.
CREATE OR REPLACE VIEW {{database}}.ledger_entries{{onCluster}} AS
SELECT
  'booked' AS entry, request_id, ts, account, gateway, env, feature, user_id, api_key_id, prompt_fp, provider,
  model, revision, r.cost_usd AS amount_usd, toInt8(isNull(r.cost_usd)) AS unpriced, price_book_version,
  '' AS reason, '' AS run_id, inserted_at AS entered_at
FROM {{database}}.requests AS r FINAL
WHERE revision = 1
UNION ALL
SELECT
  'correction', request_id, ts, account, gateway, env, feature, user_id, api_key_id, prompt_fp, provider,
  model, revision, toNullable(c.delta_usd), c.unpriced_delta, toString(c.price_book_version), toString(c.reason),
  toString(c.run_id), c.created_at
FROM {{database}}.cost_adjustments AS c FINAL;

-- `requests` as corrected: the newest cost, its lines and its book, with what was booked beside them.
CREATE OR REPLACE VIEW {{database}}.requests_corrected{{onCluster}} AS
SELECT
  r.* REPLACE (
    if(toInt64(isNull(r.cost_usd)) + a.unpriced_delta > 0, NULL, ifNull(r.cost_usd, 0) + a.delta_usd) AS cost_usd,
    r.cost_input_usd + a.delta_input_usd AS cost_input_usd,
    r.cost_cache_read_usd + a.delta_cache_read_usd AS cost_cache_read_usd,
    r.cost_cache_write_usd + a.delta_cache_write_usd AS cost_cache_write_usd,
    r.cost_output_usd + a.delta_output_usd AS cost_output_usd,
    r.cost_other_usd + a.delta_other_usd AS cost_other_usd,
    if(a.corrections > 0, a.cost_source, toString(r.cost_source)) AS cost_source,
    if(a.corrections > 0, a.unpriced_reason, r.unpriced_reason) AS unpriced_reason,
    if(a.corrections > 0, a.priced_model, r.priced_model) AS priced_model,
    if(a.corrections > 0, a.price_book_version, r.price_book_version) AS price_book_version,
    if(a.corrections > 0, a.cost_lines, r.cost_lines) AS cost_lines),
  r.model AS model,
  r.cost_usd AS booked_usd,
  r.price_book_version AS booked_price_book_version,
  a.corrections AS corrections
FROM {{database}}.requests AS r FINAL
LEFT JOIN (
  SELECT
    request_id, ts, toUInt32(count()) AS corrections,
    sum(c.delta_usd) AS delta_usd, sum(c.unpriced_delta) AS unpriced_delta,
    sum(c.delta_input_usd) AS delta_input_usd, sum(c.delta_cache_read_usd) AS delta_cache_read_usd,
    sum(c.delta_cache_write_usd) AS delta_cache_write_usd, sum(c.delta_output_usd) AS delta_output_usd,
    sum(c.delta_other_usd) AS delta_other_usd,
    argMax(toString(c.cost_source), c.revision) AS cost_source,
    argMax(toString(c.unpriced_reason), c.revision) AS unpriced_reason,
    argMax(toString(c.priced_model), c.revision) AS priced_model,
    argMax(toString(c.price_book_version), c.revision) AS price_book_version,
    argMax(CAST(c.cost_lines, 'Array(Tuple(class String, quantity Float64, unit String, rate_usd String, per Int64, rate_id String, amount_usd Nullable(Decimal(18, 12))))'), c.revision) AS cost_lines
  FROM {{database}}.cost_adjustments AS c FINAL
  GROUP BY request_id, ts
) AS a ON a.request_id = r.request_id AND a.ts = r.ts
WHERE r.revision = 1;

-- List and net: what the rates alone come to, what discounts take off, what is owed.
CREATE OR REPLACE VIEW {{database}}.list_and_net{{onCluster}} AS
SELECT
  request_id, ts, account, gateway, env, feature, user_id, api_key_id, provider, model, cost_source,
  if(isNull(cost_usd) OR empty(cost_lines), cost_usd,
    arraySum(l -> if(l.1 = 'discount', toDecimal64(0, 12), ifNull(l.7, toDecimal64(0, 12))), cost_lines)) AS list_usd,
  if(isNull(cost_usd), NULL,
    arraySum(l -> if(l.1 = 'discount', ifNull(l.7, toDecimal64(0, 12)), toDecimal64(0, 12)), cost_lines)) AS discount_usd,
  cost_usd AS net_usd
FROM {{database}}.requests_corrected;

-- Calls that took more than one attempt: what the attempts before the last one cost.
CREATE OR REPLACE VIEW {{database}}.retries{{onCluster}} AS
SELECT
  parent_id, step, min(r.ts) AS ts, any(r.account) AS account, any(r.gateway) AS gateway, any(r.env) AS env,
  any(r.feature) AS feature, argMax(r.provider, r.attempt) AS provider, argMax(r.model, r.attempt) AS model,
  toUInt32(max(r.attempt)) AS attempts, argMax(r.outcome, r.attempt) AS outcome,
  sum(r.cost_usd) AS total_usd,
  sum(r.cost_usd) - ifNull(argMax(ifNull(r.cost_usd, toDecimal64(0, 12)), r.attempt), 0) AS retried_usd,
  toUInt32(countIf(isNull(r.cost_usd))) AS unpriced
FROM {{database}}.requests_corrected AS r
GROUP BY parent_id, step
HAVING max(r.attempt) > 1;

-- What caches saved: the gateway's own, and the provider's against the price of fresh input on the same call.
CREATE OR REPLACE VIEW {{database}}.cache_savings{{onCluster}} AS
SELECT
  request_id, ts, account, gateway, env, feature, provider, model, cache_status,
  cost_saved_usd AS gateway_saved_usd,
  cache_read_tokens,
  if(cache_read_tokens = 0, toNullable(toDecimal128(0, 12)),
    if(fresh.4 = '' OR read.4 = '' OR isNull(read.7) OR fresh.5 = 0, NULL,
      CAST(toDecimal256(toInt64(read.2), 0) * toDecimal256(fresh.4, 12) / fresh.5 - read.7 AS Nullable(Decimal(38, 12))))) AS provider_saved_usd
FROM (
  SELECT *, arrayFirst(l -> l.1 = 'input', cost_lines) AS fresh, arrayFirst(l -> l.1 = 'cache_read', cost_lines) AS read
  FROM {{database}}.requests_corrected
);

-- The calls on another model by its list price at a moment, from the counts of each row; NULL where a class has no rate.
-- FROM what_if(provider = 'openai', model = 'gpt-4o-mini', at = '2026-11-20 00:00:00')
CREATE OR REPLACE VIEW {{database}}.what_if{{onCluster}} AS
WITH
  (SELECT argMax(price_book_version, published_at) FROM {{database}}.price_rates) AS newest,
  (SELECT arrayReverseSort(x -> x.2, groupArray((toString(class), from_tokens, numerator, denominator)))
   FROM {{database}}.price_rates FINAL
   WHERE price_book_version = newest AND provider = {provider:String} AND price_rates.model = {model:String} AND tier = 'standard'
     AND valid_from <= {at:DateTime64(3, 'UTC')} AND valid_to > {at:DateTime64(3, 'UTC')}) AS rates
SELECT
  request_id, ts, account, gateway, env, feature, user_id, api_key_id, prompt_fp, provider, r.model AS model, cost_usd,
  arrayMap((name, quantity) -> (toInt256(quantity),
    arrayFirst(x -> x.1 = name AND x.2 <= toUInt64(input_tokens), rates)), mapKeys(usage), mapValues(usage)) AS billed,
  if(arrayExists(b -> b.2.4 = 0, billed) OR empty(billed), NULL,
    CAST(toDecimal256(arraySum(b -> intDiv(b.1 * b.2.3, toInt256(b.2.4))
      + multiIf(2 * (b.1 * b.2.3 % toInt256(b.2.4)) > b.2.4, 1,
                2 * (b.1 * b.2.3 % toInt256(b.2.4)) = b.2.4 AND intDiv(b.1 * b.2.3, toInt256(b.2.4)) % 2 = 1, 1, 0), billed), 0)
      * toDecimal256('0.000000000001', 12) AS Nullable(Decimal(18, 12)))) AS what_if_usd
FROM {{database}}.requests_corrected AS r
WHERE cost_source IN ('computed', 'override', 'unpriced');

-- Versions of a prompt: the same system prompt, tools and template, by feature.
CREATE OR REPLACE VIEW {{database}}.prompt_versions{{onCluster}} AS
SELECT
  account, gateway, feature, prompt_fp, min(ts) AS first_seen, max(ts) AS last_seen, count() AS requests,
  sum(r.input_tokens) AS input_tokens, sum(r.output_tokens) AS output_tokens,
  sum(r.input_tokens) / count() AS input_tokens_per_request,
  sum(r.output_tokens) / count() AS output_tokens_per_request,
  sum(r.cost_usd) AS cost_usd,
  toUInt64(countIf(isNull(r.cost_usd))) AS unpriced,
  if(countIf(isNotNull(r.cost_usd)) = 0, NULL,
    CAST(sum(toDecimal128(ifNull(r.cost_usd, 0), 12)) / countIf(isNotNull(r.cost_usd)) AS Nullable(Decimal(38, 12)))) AS cost_per_request_usd
FROM {{database}}.requests_corrected AS r
WHERE cache_status != 'hit' AND outcome = 'ok'
GROUP BY account, gateway, feature, prompt_fp;

-- FOCUS 1.2 for finance: one charge a cost line, where the lines add up to the cost of the row, else one a row; corrections as
-- charges of their own. Null where the ledger does not know; what FOCUS has no column for starts with `x_`.
CREATE OR REPLACE VIEW {{database}}.focus{{onCluster}} AS
SELECT
  line.7 AS BilledCost,
  nullIf(toString(t.account), '') AS BillingAccountId,
  CAST(NULL, 'Nullable(String)') AS BillingAccountName,
  'USD' AS BillingCurrency,
  toStartOfMonth(t.ts) AS BillingPeriodStart,
  toStartOfMonth(t.ts) + INTERVAL 1 MONTH AS BillingPeriodEnd,
  'Usage' AS ChargeCategory,
  if(t.revision > 1, 'Correction', NULL) AS ChargeClass,
  concat(toString(t.provider), ' ', toString(t.model), if(line.1 = '', '', concat(' ', line.1))) AS ChargeDescription,
  'Usage-Based' AS ChargeFrequency,
  t.ts AS ChargePeriodStart,
  t.ts + toIntervalMillisecond(greatest(t.duration_ms, 1)) AS ChargePeriodEnd,
  line.2 AS ConsumedQuantity,
  nullIf(line.3, '') AS ConsumedUnit,
  CAST(NULL, 'Nullable(Decimal(18, 12))') AS ContractedCost,
  CAST(NULL, 'Nullable(Decimal(38, 18))') AS ContractedUnitPrice,
  line.7 AS EffectiveCost,
  toString(t.provider) AS InvoiceIssuerName,
  if(line.4 = '', NULL, line.7) AS ListCost,
  toDecimal128OrNull(line.4, 18) / line.5 AS ListUnitPrice,
  if(line.4 = '', NULL, 'Standard') AS PricingCategory,
  if(line.4 = '', NULL, line.2) AS PricingQuantity,
  if(line.4 = '', NULL, nullIf(line.3, '')) AS PricingUnit,
  toString(t.provider) AS ProviderName,
  toString(t.provider) AS PublisherName,
  nullIf(t.region, '') AS RegionId,
  nullIf(t.priced_model, '') AS ResourceId,
  nullIf(toString(t.model), '') AS ResourceName,
  'Model' AS ResourceType,
  'AI and Machine Learning' AS ServiceCategory,
  toString(t.provider) AS ServiceName,
  'Generative AI' AS ServiceSubcategory,
  nullIf(line.6, '') AS SkuId,
  nullIf(line.1, '') AS SkuMeter,
  nullIf(line.6, '') AS SkuPriceId,
  nullIf(toString(t.gateway), '') AS SubAccountId,
  t.tags AS Tags,
  toString(t.request_id) AS x_RequestId,
  t.revision AS x_Revision,
  line.8 AS x_LineNumber,
  toString(t.operation) AS x_Operation,
  nullIf(toString(t.env), '') AS x_Env,
  nullIf(toString(t.feature), '') AS x_Feature,
  nullIf(t.user_id, '') AS x_UserId,
  nullIf(toString(t.api_key_id), '') AS x_ApiKeyId,
  nullIf(toString(t.token_id), '') AS x_TokenId,
  nullIf(t.service_tier, '') AS x_ServiceTier,
  toString(t.cost_source) AS x_CostSource,
  nullIf(t.unpriced_reason, '') AS x_UnpricedReason,
  t.inserted_at AS x_EnteredAt
FROM {{database}}.requests AS t FINAL
ARRAY JOIN
  if(isNotNull(t.cost_usd) AND arraySum(x -> ifNull(x.7, toDecimal64(0, 12)), t.cost_lines) = t.cost_usd
      AND notEmpty(t.cost_lines),
    arrayMap((x, n) -> (x.1, toNullable(x.2), x.3, x.4, x.5, x.6, x.7, n), t.cost_lines, arrayEnumerate(t.cost_lines)),
    [('', CAST(NULL, 'Nullable(Float64)'), '', '', toInt64(1), '', t.cost_usd, toUInt32(0))]) AS line
UNION ALL
SELECT
  toNullable(t.delta_usd) AS BilledCost,
  nullIf(toString(t.account), '') AS BillingAccountId,
  CAST(NULL, 'Nullable(String)') AS BillingAccountName,
  'USD' AS BillingCurrency,
  toStartOfMonth(t.ts) AS BillingPeriodStart,
  toStartOfMonth(t.ts) + INTERVAL 1 MONTH AS BillingPeriodEnd,
  'Usage' AS ChargeCategory,
  toNullable('Correction') AS ChargeClass,
  concat(toString(t.provider), ' ', toString(t.model), ' ', toString(t.reason), ' ', toString(t.price_book_version)) AS ChargeDescription,
  'Usage-Based' AS ChargeFrequency,
  t.ts AS ChargePeriodStart,
  t.ts + toIntervalMillisecond(1) AS ChargePeriodEnd,
  CAST(NULL, 'Nullable(Float64)') AS ConsumedQuantity,
  CAST(NULL, 'Nullable(String)') AS ConsumedUnit,
  CAST(NULL, 'Nullable(Decimal(18, 12))') AS ContractedCost,
  CAST(NULL, 'Nullable(Decimal(38, 18))') AS ContractedUnitPrice,
  toNullable(t.delta_usd) AS EffectiveCost,
  toString(t.provider) AS InvoiceIssuerName,
  CAST(NULL, 'Nullable(Decimal(18, 12))') AS ListCost,
  CAST(NULL, 'Nullable(Decimal(38, 18))') AS ListUnitPrice,
  CAST(NULL, 'Nullable(String)') AS PricingCategory,
  CAST(NULL, 'Nullable(Float64)') AS PricingQuantity,
  CAST(NULL, 'Nullable(String)') AS PricingUnit,
  toString(t.provider) AS ProviderName,
  toString(t.provider) AS PublisherName,
  CAST(NULL, 'Nullable(String)') AS RegionId,
  nullIf(toString(t.priced_model), '') AS ResourceId,
  nullIf(toString(t.model), '') AS ResourceName,
  'Model' AS ResourceType,
  'AI and Machine Learning' AS ServiceCategory,
  toString(t.provider) AS ServiceName,
  'Generative AI' AS ServiceSubcategory,
  CAST(NULL, 'Nullable(String)') AS SkuId,
  CAST(NULL, 'Nullable(String)') AS SkuMeter,
  CAST(NULL, 'Nullable(String)') AS SkuPriceId,
  nullIf(toString(t.gateway), '') AS SubAccountId,
  CAST(map(), 'Map(String, String)') AS Tags,
  toString(t.request_id) AS x_RequestId,
  t.revision AS x_Revision,
  toUInt32(0) AS x_LineNumber,
  '' AS x_Operation,
  nullIf(toString(t.env), '') AS x_Env,
  nullIf(toString(t.feature), '') AS x_Feature,
  nullIf(t.user_id, '') AS x_UserId,
  nullIf(toString(t.api_key_id), '') AS x_ApiKeyId,
  CAST(NULL, 'Nullable(String)') AS x_TokenId,
  CAST(NULL, 'Nullable(String)') AS x_ServiceTier,
  toString(t.cost_source) AS x_CostSource,
  nullIf(toString(t.unpriced_reason), '') AS x_UnpricedReason,
  t.created_at AS x_EnteredAt
FROM {{database}}.cost_adjustments AS t FINAL;
