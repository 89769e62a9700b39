import { count, flag, list, measured, money } from '../query/decode.ts';
import type { Ledger } from '../query/ledger.ts';
import { overviewStatement } from '../query/overview-statement.ts';
import type { Scope } from '../query/scope.ts';
import type { Row } from '../query/statement.ts';
import { previousPeriod } from '../query/time-range.ts';
import type { OverviewAnswer, Quantiles, Totals } from './answers.ts';
import { isoPeriod } from './moments.ts';

const NOTHING: Quantiles = { p50: null, p95: null, p99: null };

/** Totals of a period without a request: nothing was spent, which is known. */
const EMPTY: Totals = {
  requests: 0,
  spend_usd: '0',
  unpriced: 0,
  saved_usd: '0',
  tokens_in: 0,
  tokens_out: 0,
  tokens_cached: 0,
  cache_hits: 0,
  errors: 0,
  latency_ms: NOTHING,
  first_byte_ms: NOTHING,
  overhead_p50_us: null,
};

function quantiles(row: Row, column: string): Quantiles {
  const [p50, p95, p99] = list(row, column).map((value) => measured(value, column));
  return { p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null };
}

function totals(row: Row | undefined): Totals {
  if (row === undefined) return EMPTY;
  return {
    requests: count(row, 'requests'),
    spend_usd: money(row, 'spend'),
    unpriced: count(row, 'unpriced'),
    saved_usd: money(row, 'saved'),
    tokens_in: count(row, 'tokens_in'),
    tokens_out: count(row, 'tokens_out'),
    tokens_cached: count(row, 'tokens_cached'),
    cache_hits: count(row, 'cache_hits'),
    errors: count(row, 'errors'),
    latency_ms: quantiles(row, 'latency_ms'),
    first_byte_ms: quantiles(row, 'first_byte_ms'),
    overhead_p50_us: measured(row['overhead_p50_us'], 'overhead_p50_us'),
  };
}

/** `GET /api/overview`: totals of the scope and of the equal period before it. */
export async function overview(ledger: Ledger, scope: Scope, signal: AbortSignal): Promise<OverviewAnswer> {
  const statement = overviewStatement(scope);
  const rows = await ledger.rows(statement, 'overview', signal);
  return {
    period: isoPeriod(scope.range),
    previous_period: isoPeriod(previousPeriod(scope.range)),
    totals: totals(rows.find((row) => flag(row, 'is_current'))),
    previous: totals(rows.find((row) => !flag(row, 'is_current'))),
    ...statement,
  };
}
