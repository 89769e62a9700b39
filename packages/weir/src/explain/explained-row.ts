/** What a ledger row tells of its cost; money is decimal text. */
export interface ExplainedRow {
  readonly request_id: string;
  readonly ts: string;
  readonly account: string;
  readonly gateway: string;
  readonly provider: string;
  readonly pricing_provider: string;
  readonly request_model: string;
  readonly response_model: string;
  readonly priced_model: string;
  readonly service_tier: string;
  readonly region: string;
  readonly status: number;
  readonly usage_source: string;
  readonly usage_flags: readonly string[];
  readonly usage_raw: string;
  readonly cost_usd: string | null;
  readonly cost_reported_usd: string | null;
  readonly cost_source: string;
  readonly cost_flags: readonly string[];
  readonly unpriced_reason: string;
  readonly price_book_version: string;
  readonly cost_lines: readonly ExplainedLine[];
  readonly adjustments: readonly Adjustment[];
}

export interface ExplainedLine {
  readonly class: string;
  readonly quantity: number;
  readonly unit: string;
  readonly rate_usd: string;
  readonly per: string;
  readonly rate_id: string;
  readonly amount_usd: string | null;
}

/** A later correction of the row, beside it. */
export interface Adjustment {
  readonly revision: number;
  readonly delta_usd: string;
  readonly reason: string;
  readonly price_book_version: string;
}

const COLUMNS = [
  'request_id, ts, account, gateway, provider, pricing_provider, request_model, response_model, priced_model',
  'service_tier, region, status, usage_source, usage_flags, usage_raw, cost_usd, cost_reported_usd, cost_source',
  'cost_flags, unpriced_reason, price_book_version, cost_lines',
].join(', ');
const LINES =
  'Array(Tuple(class String, quantity Float64, unit String, rate_usd String, per String, rate_id String, amount_usd Nullable(String)))';

/** The row as it was booked, and the corrections beside it. @param id a UUID, already checked. */
export const rowQuery = (id: string): string =>
  `SELECT ${COLUMNS.replace('cost_lines', `CAST(cost_lines, '${LINES}') AS cost_lines`)}
   FROM requests WHERE request_id = '${id}' ORDER BY revision LIMIT 1`;

export const adjustmentsQuery = (id: string): string =>
  `SELECT revision, delta_usd, reason, price_book_version FROM cost_adjustments FINAL
   WHERE request_id = '${id}' ORDER BY revision`;
