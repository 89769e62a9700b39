import { count, flag, money, text } from '../query/decode.ts';
import type { Ledger } from '../query/ledger.ts';
import { type Cursor, requestsStatement } from '../query/requests-statement.ts';
import type { Scope } from '../query/scope.ts';
import type { Row } from '../query/statement.ts';
import type { TimeRange } from '../query/time-range.ts';
import type { RequestRow, RequestsAnswer } from './answers.ts';
import { isoMoment, isoPeriod } from './moments.ts';

const NEAR_MS = [3_600_000, 86_400_000];

/** A list row of the ledger as the API gives it. */
export function requestRow(row: Row): RequestRow {
  return {
    request_id: text(row, 'request_id'),
    ts: isoMoment(text(row, 'ts')),
    account: text(row, 'account'),
    gateway: text(row, 'gateway'),
    env: text(row, 'env'),
    feature: text(row, 'feature'),
    user_id: text(row, 'user_id'),
    provider: text(row, 'provider'),
    model: text(row, 'model'),
    operation: text(row, 'operation'),
    attempt: count(row, 'attempt'),
    stream: flag(row, 'stream'),
    status: count(row, 'status'),
    outcome: text(row, 'outcome'),
    duration_ms: count(row, 'duration_ms'),
    ttfb_ms: count(row, 'ttfb_ms'),
    input_tokens: count(row, 'input_tokens'),
    output_tokens: count(row, 'output_tokens'),
    cache_read_tokens: count(row, 'cache_read_tokens'),
    cost_usd: money(row, 'cost_usd'),
    cost_source: text(row, 'cost_source'),
    usage_source: text(row, 'usage_source'),
    cache_status: text(row, 'cache_status'),
    prompt_preview: text(row, 'prompt_preview'),
  };
}

function nearRanges({ fromMs, toMs }: TimeRange, before: Cursor | undefined): readonly TimeRange[] {
  const endMs = Math.min(toMs, before === undefined ? toMs : before.atMs + 1);
  return [...NEAR_MS.map((ms) => endMs - ms).filter((nearMs) => nearMs > fromMs), fromMs].map((nearMs) => ({
    fromMs: nearMs,
    toMs,
  }));
}

/** `GET /api/requests`: the newest rows of the scope, a page at a time. */
export async function requests(
  ledger: Ledger,
  scope: Scope,
  page: { readonly limit: number; readonly before: Cursor | undefined },
  signal: AbortSignal,
): Promise<RequestsAnswer> {
  let statement = requestsStatement(scope, page.limit, page.before);
  let rows: readonly RequestRow[] = [];
  // The newest rows of a busy gateway lie in its last hour: look there before the whole range.
  for (const range of nearRanges(scope.range, page.before)) {
    statement = requestsStatement({ ...scope, range }, page.limit, page.before);
    rows = (await ledger.rows(statement, 'requests', signal)).map(requestRow);
    if (rows.length === page.limit) break;
  }
  const last = rows.at(-1);
  const more = last !== undefined && rows.length === page.limit;
  return {
    period: isoPeriod(scope.range),
    rows,
    next: more ? `${Date.parse(last.ts)}_${last.request_id}` : null,
    ...statement,
  };
}
