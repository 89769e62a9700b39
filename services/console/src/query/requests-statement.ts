import { type Filters, filterConditions } from './filters.ts';
import { parameterError } from './parameters.ts';
import { FIRST_PRICING, type Scope, whereScope } from './scope.ts';
import type { Statement } from './statement.ts';
import { clickhouseMoment } from './time-range.ts';

/** The columns of a list row: what a line of the page shows. */
const LIST_COLUMNS = `request_id, ts, account, gateway, env, feature, user_id, provider,
  model, operation, attempt,
  stream, status, outcome, duration_ms, ttfb_ms, input_tokens, output_tokens, cache_read_tokens,
  cost_usd, cost_source, usage_source, cache_status, prompt_preview`;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Place in the newest-first list: the moment and id of the last row that was read. */
export interface Cursor {
  readonly atMs: number;
  readonly requestId: string;
}

/** Reads `before`, which is `<ms since the epoch>_<request id>`. @throws WeirError `CONSOLE_PARAMETER`. */
export function readCursor(value: string | undefined): Cursor | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d{1,15})_(.+)$/.exec(value);
  if (match === null || !isRequestId(match[2] ?? ''))
    throw parameterError('before', value, 'the "next" of an earlier answer');
  return { atMs: Number(match[1]), requestId: match[2] ?? '' };
}

/** True for the text of a UUID in lower case. */
export function isRequestId(value: string): boolean {
  return UUID.test(value);
}

/**
 * Newest rows of a scope. The order repeats the table's sort key, so the engine reads backwards and stops at the
 * limit; `ORDER BY ts DESC` alone would sort the whole range.
 */
export function requestsStatement(scope: Scope, limit: number, before: Cursor | undefined): Statement {
  const { where, params } = whereScope(scope);
  const past =
    before === undefined ? '' : `\n  AND (ts, request_id) < ({before_ts:DateTime64(3, 'UTC')}, {before_id:UUID})`;
  return {
    sql: `SELECT
  ${LIST_COLUMNS}
FROM weir.requests
${where}${past}
ORDER BY toStartOfMinute(ts) DESC, ts DESC, request_id DESC
LIMIT {limit:UInt32}`,
    params: {
      ...params,
      limit,
      ...(before === undefined ? {} : { before_ts: clickhouseMoment(before.atMs), before_id: before.requestId }),
    },
  };
}

/**
 * Rows that arrived within the last `lookbackMs`, by the warehouse's own clock, newest first. Arrival, not event
 * time, since a long request arrives late; the bound on `ts` prunes partitions.
 */
export function arrivalsStatement(filters: Filters, lookbackMs: number, limit: number): Statement {
  const { conditions, params } = filterConditions(filters);
  const all = [
    FIRST_PRICING,
    'ts >= now64(3) - toIntervalDay(1)',
    'inserted_at >= now64(3) - toIntervalMillisecond({lookback_ms:UInt32})',
    ...conditions,
  ];
  return {
    sql: `SELECT
  ${LIST_COLUMNS}
FROM weir.requests
WHERE ${all.join('\n  AND ')}
ORDER BY inserted_at DESC, ts DESC, request_id DESC
LIMIT {limit:UInt32}`,
    params: { ...params, lookback_ms: lookbackMs, limit },
  };
}
