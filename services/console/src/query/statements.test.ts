import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakdownStatement } from './breakdown-statement.ts';
import { attemptsStatement, payloadStatement, requestStatement } from './detail-statements.ts';
import { DIMENSION_NAMES } from './dimensions.ts';
import { readFilters } from './filters.ts';
import { overviewStatement } from './overview-statement.ts';
import { arrivalsStatement, readCursor, requestsStatement } from './requests-statement.ts';
import { MEASURE_NAMES, seriesStatement } from './series-statement.ts';

const range = { fromMs: Date.UTC(2026, 10, 23, 12), toMs: Date.UTC(2026, 10, 24, 12) };
const scope = { range, filters: readFilters({ model: ['gpt-5', 'o3'], user: 'u1' }) };

describe('statements', () => {
  it('sums a period and the one before it in one pass', () => {
    expect(overviewStatement(scope)).toEqual({
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
  countIf(outcome IN ('client_error', 'provider_error', 'rate_limited', 'timeout')) AS errors,
  quantilesTDigest(0.5, 0.95, 0.99)(duration_ms) AS latency_ms,
  quantilesTDigestIf(0.5, 0.95, 0.99)(ttfb_ms, ttfb_ms > 0) AS first_byte_ms,
  quantileTDigest(0.5)(overhead_us) AS overhead_p50_us
FROM weir.requests
WHERE ts >= {from:DateTime64(3, 'UTC')}
  AND ts < {to:DateTime64(3, 'UTC')}
  AND revision = 1
  AND user_id = {user_id:String}
  AND model IN ({model_1:String}, {model_2:String})
GROUP BY is_current`,
      params: {
        from: '2026-11-22 12:00:00.000',
        middle: '2026-11-23 12:00:00.000',
        to: '2026-11-24 12:00:00.000',
        user_id: 'u1',
        model_1: 'gpt-5',
        model_2: 'o3',
      },
    });
  });

  it('names the largest keys of a series and groups the rest', () => {
    expect(seriesStatement({ range, filters: [] }, 'feature', 'spend', 900)).toEqual({
      sql: `WITH largest AS (
  SELECT feature AS name
  FROM weir.requests
  WHERE ts >= {from:DateTime64(3, 'UTC')}
    AND ts < {to:DateTime64(3, 'UTC')}
    AND revision = 1
  GROUP BY name
  ORDER BY sum(cost_usd) DESC NULLS LAST, name
  LIMIT 8
)
SELECT
  toUnixTimestamp(toStartOfInterval(ts, toIntervalSecond({step:UInt32}))) AS slot,
  feature IN (SELECT name FROM largest) AS is_named,
  if(is_named, feature, '') AS name,
  sum(cost_usd) AS value,
  count() AS requests,
  countIf(cost_usd IS NULL) AS unpriced
FROM weir.requests
WHERE ts >= {from:DateTime64(3, 'UTC')}
  AND ts < {to:DateTime64(3, 'UTC')}
  AND revision = 1
GROUP BY slot, is_named, name
ORDER BY slot, is_named DESC, name`,
      params: { from: '2026-11-23 12:00:00.000', to: '2026-11-24 12:00:00.000', step: 900 },
    });
  });

  it('reads the newest rows in the order of the sort key, from a cursor', () => {
    const id = '019a0000-0000-7000-8000-000000000001';
    const { sql, params } = requestsStatement({ range, filters: [] }, 50, readCursor(`${range.toMs - 1}_${id}`));
    expect(sql.split('\n').slice(-6)).toEqual([
      "WHERE ts >= {from:DateTime64(3, 'UTC')}",
      "  AND ts < {to:DateTime64(3, 'UTC')}",
      '  AND revision = 1',
      "  AND (ts, request_id) < ({before_ts:DateTime64(3, 'UTC')}, {before_id:UUID})",
      'ORDER BY toStartOfMinute(ts) DESC, ts DESC, request_id DESC',
      'LIMIT {limit:UInt32}',
    ]);
    expect(params).toMatchObject({ limit: 50, before_ts: '2026-11-24 11:59:59.999', before_id: id });
  });

  it('limits a look-up by id to the days around the time inside a UUIDv7', () => {
    const v7 = '019a0000-0000-7000-8000-000000000001';
    expect(requestStatement(v7).params).toEqual({
      id: v7,
      from: '2025-10-19 05:03:11.360',
      to: '2025-10-21 05:03:11.360',
    });
    expect(requestStatement('7c9e6679-7425-40de-944b-e07fc1f90ae7').sql).not.toContain('ts >=');
  });

  it('never splices a caller’s text into a statement, and binds every placeholder', () => {
    const hostile = fc.string({ minLength: 3, maxLength: 40 }).map((text) => `⟦${text}⟧`);
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...DIMENSION_NAMES),
          fc.oneof(hostile, fc.array(hostile, { minLength: 1, maxLength: 3 })),
        ),
        fc.constantFrom(...DIMENSION_NAMES),
        fc.constantFrom(...MEASURE_NAMES),
        hostile,
        (raw, by, measure, text) => {
          const filters = readFilters(raw);
          const found = { requestId: text, parentId: text, account: text, acceptedMs: range.fromMs };
          for (const { sql, params } of [
            overviewStatement({ range, filters }),
            seriesStatement({ range, filters }, by, measure, 60),
            breakdownStatement({ range, filters }, by, 10),
            requestsStatement({ range, filters }, 10, undefined),
            arrivalsStatement(filters, 1000, 10),
            payloadStatement(found),
            attemptsStatement(found),
          ]) {
            expect(sql).not.toContain('⟦');
            const placeholders = new Set([...sql.matchAll(/\{(\w+):/g)].map((match) => match[1]));
            expect([...placeholders].sort()).toEqual(Object.keys(params).sort());
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
