import { uuidV7Time } from '@weir/kernel';
import { FIRST_PRICING } from './scope.ts';
import type { Statement } from './statement.ts';
import { clickhouseMoment } from './time-range.ts';

const DAY_MS = 86_400_000;
const ATTEMPTS_MAX = 100;
const WITHIN = "ts >= {from:DateTime64(3, 'UTC')} AND ts < {to:DateTime64(3, 'UTC')}";

function around(ms: number): { readonly from: string; readonly to: string } {
  return { from: clickhouseMoment(ms - DAY_MS), to: clickhouseMoment(ms + DAY_MS) };
}

/** Every column of one ledger row, as last priced; the time inside a UUIDv7 limits the search to its days. */
export function requestStatement(requestId: string): Statement {
  const madeMs = uuidV7Time(requestId);
  const pruned = madeMs === undefined ? '' : `\n  AND ${WITHIN}`;
  return {
    sql: `SELECT *
FROM weir.requests
WHERE request_id = {id:UUID}${pruned}
ORDER BY revision DESC
LIMIT 1`,
    params: { id: requestId, ...(madeMs === undefined ? {} : around(madeMs)) },
  };
}

/** The row that others are looked up by. */
export interface Found {
  readonly requestId: string;
  readonly parentId: string;
  readonly account: string;
  readonly acceptedMs: number;
}

/** The stored bodies of one request; its account, its days and the index of ids limit the search. */
export function payloadStatement({ requestId, account, acceptedMs }: Found): Statement {
  return {
    sql: `SELECT request_body, response_body, truncated
FROM weir.payloads
WHERE account = {account:String}
  AND ${WITHIN}
  AND request_id = {id:UUID}
LIMIT 1`,
    params: { account, id: requestId, ...around(acceptedMs) },
  };
}

/** All upstream attempts of one client call, in order. */
export function attemptsStatement({ parentId, account, acceptedMs }: Found): Statement {
  return {
    sql: `SELECT request_id, ts, step, attempt, provider, request_model, status, outcome, error_type, duration_ms, cost_usd
FROM weir.requests
WHERE account = {account:String}
  AND ${WITHIN}
  AND parent_id = {parent:String}
  AND ${FIRST_PRICING}
ORDER BY step, attempt, ts
LIMIT ${ATTEMPTS_MAX}`,
    params: { account, parent: parentId, ...around(acceptedMs) },
  };
}
