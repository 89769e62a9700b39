import { breakdownStatement } from '../query/breakdown-statement.ts';
import { count, measured, money, text } from '../query/decode.ts';
import type { Dimension } from '../query/dimensions.ts';
import type { Ledger } from '../query/ledger.ts';
import type { Scope } from '../query/scope.ts';
import type { BreakdownAnswer } from './answers.ts';
import { isoPeriod } from './moments.ts';

/** `GET /api/breakdown`: the most expensive values of a dimension. */
export async function breakdown(
  ledger: Ledger,
  scope: Scope,
  question: { readonly by: Dimension; readonly limit: number },
  signal: AbortSignal,
): Promise<BreakdownAnswer> {
  const statement = breakdownStatement(scope, question.by, question.limit);
  const rows = await ledger.rows(statement, 'breakdown', signal);
  const [first] = rows;
  return {
    period: isoPeriod(scope.range),
    by: question.by,
    groups: first === undefined ? 0 : count(first, 'groups'),
    spend_usd: first === undefined ? '0' : money(first, 'spend_of_all'),
    rows: rows.map((row) => ({
      name: text(row, 'name'),
      requests: count(row, 'requests'),
      spend_usd: money(row, 'spend'),
      unpriced: count(row, 'unpriced'),
      tokens_in: count(row, 'tokens_in'),
      tokens_out: count(row, 'tokens_out'),
      tokens_cached: count(row, 'tokens_cached'),
      errors: count(row, 'errors'),
      latency_p95_ms: measured(row['latency_p95_ms'], 'latency_p95_ms'),
    })),
    ...statement,
  };
}
