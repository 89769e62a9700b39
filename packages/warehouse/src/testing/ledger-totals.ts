import type { Warehouse } from '../warehouse.ts';

/** What every rollup must say alike: rows, exact money as text, rows without a price. */
export interface Totals {
  readonly requests: string;
  readonly usd: string;
  readonly unpriced: string;
}

const ROLLUP = 'sum(requests) AS requests, sum(cost_usd) AS usd, sum(unpriced) AS unpriced';
/** The whole of a rollup; of the long ones, one dimension is the whole. */
const SOURCES: Readonly<Record<string, string>> = {
  requests:
    'SELECT count() AS requests, sum(cost_usd) AS usd, countIf(cost_usd IS NULL) AS unpriced FROM weir.requests',
  usage_1m: `SELECT ${ROLLUP} FROM weir.usage_1m`,
  usage_1h: `SELECT ${ROLLUP} FROM weir.usage_1h`,
  usage_1d: `SELECT ${ROLLUP} FROM weir.usage_1d`,
  usage_user_1d: `SELECT ${ROLLUP} FROM weir.usage_user_1d`,
  'usage_dim_1h by feature': `SELECT ${ROLLUP} FROM weir.usage_dim_1h WHERE dimension = 'feature'`,
  'usage_dim_1h by api_key_id': `SELECT ${ROLLUP} FROM weir.usage_dim_1h WHERE dimension = 'api_key_id'`,
  'usage_dim_1h by prompt_fp': `SELECT ${ROLLUP} FROM weir.usage_dim_1h WHERE dimension = 'prompt_fp'`,
};
const COUNTS: Readonly<Record<string, string>> = {
  'facets_1h by env': `SELECT sum(requests) AS requests FROM weir.facets_1h WHERE dimension = 'env'`,
  'facets_1h by feature': `SELECT sum(requests) AS requests FROM weir.facets_1h WHERE dimension = 'feature'`,
};

/** The totals of requests and of each rollup, by name. */
export async function ledgerTotals(warehouse: Warehouse): Promise<Readonly<Record<string, Totals>>> {
  const totals: Record<string, Totals> = {};
  for (const [name, sql] of Object.entries(SOURCES)) {
    const [row] = (await warehouse.query(sql)).rows<Totals>();
    if (row !== undefined) totals[name] = row;
  }
  return totals;
}

/** The rows that each facet dimension counts, by name. */
export async function facetCounts(warehouse: Warehouse): Promise<Readonly<Record<string, string>>> {
  const counts: Record<string, string> = {};
  for (const [name, sql] of Object.entries(COUNTS)) {
    counts[name] = (await warehouse.query(sql)).rows<{ requests: string }>()[0]?.requests ?? '';
  }
  return counts;
}
