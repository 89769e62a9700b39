import { WeirError } from '@weir/kernel';
import { DATASET_NAMES, type Dataset, type DatasetName, SOURCES, viewWindow, windowOf } from './dataset.ts';
import { USAGE_SELECT } from './usage-select.ts';

const { REQUESTS, ADJUSTMENTS, ANOMALIES, PAYLOADS } = SOURCES;

/** Texts of prompts and answers leave with the payloads only, which are opt-in (I8). */
const REQUEST_COLUMNS = 't.* EXCEPT (prompt_preview, response_preview), t.model';

const all: Readonly<Record<DatasetName, Dataset>> = {
  requests: {
    name: 'requests',
    sources: [REQUESTS],
    select: `SELECT ${REQUEST_COLUMNS} ${windowOf(REQUESTS)}`,
    time: 'ts',
    orderBy: 'ts, request_id, revision',
    cost: 'cost_usd',
  },
  cost_lines: {
    name: 'cost_lines',
    sources: [REQUESTS],
    select: `SELECT t.request_id AS request_id, t.revision AS revision, t.ts AS ts, t.account AS account,
  t.gateway AS gateway, t.env AS env, t.feature AS feature, t.user_id AS user_id, t.api_key_id AS api_key_id,
  t.token_id AS token_id, t.provider AS provider, t.model AS model, t.priced_model AS priced_model,
  t.price_book_version AS price_book_version, line_number, line.1 AS class, line.2 AS quantity, line.3 AS unit,
  line.4 AS rate_usd, line.5 AS per, line.6 AS rate_id, line.7 AS amount_usd, t.inserted_at AS inserted_at
${windowOf(REQUESTS, 't.cost_lines AS line, arrayEnumerate(t.cost_lines) AS line_number')}`,
    time: 'ts',
    orderBy: 'ts, request_id, revision, line_number',
    cost: 'amount_usd',
  },
  cost_adjustments: {
    name: 'cost_adjustments',
    sources: [ADJUSTMENTS],
    select: `SELECT t.* ${windowOf(ADJUSTMENTS)}`,
    time: 'ts',
    orderBy: 'ts, request_id, revision',
    cost: 'delta_usd',
  },
  usage_1h: {
    name: 'usage_1h',
    sources: [REQUESTS, ADJUSTMENTS],
    select: USAGE_SELECT,
    time: 'hour',
    orderBy: 'account, gateway, env, provider, model',
    cost: 'cost_usd',
    unpriced: 'sum(unpriced)',
  },
  focus: {
    name: 'focus',
    sources: [REQUESTS, ADJUSTMENTS],
    // The view of the ledger itself, so that a bucket and SQL say the same: charges as booked, and their corrections.
    select: `SELECT * ${viewWindow('focus', 'ChargePeriodStart', 'x_EnteredAt')}`,
    time: 'ChargePeriodStart',
    orderBy: 'ChargePeriodStart, x_RequestId, x_Revision, x_LineNumber',
    cost: 'BilledCost',
  },
  anomalies: {
    name: 'anomalies',
    sources: [ANOMALIES],
    select: `SELECT t.* ${windowOf(ANOMALIES)}`,
    time: 'started_at',
    orderBy: 'started_at, account, anomaly_id',
    cost: null,
  },
  payloads: {
    name: 'payloads',
    sources: [PAYLOADS],
    select: `SELECT t.* ${windowOf(PAYLOADS)}`,
    time: 'ts',
    orderBy: 'ts, request_id, account, prefix_fp',
    cost: null,
  },
};

/** @throws WeirError `EXPORT_DATASET`. */
export function datasetOf(name: string): Dataset {
  const found = DATASET_NAMES.find((known) => known === name);
  if (found !== undefined) return all[found];
  throw new WeirError('EXPORT_DATASET', `no dataset "${name}"; there are ${DATASET_NAMES.join(', ')}`, {
    fix: 'Use one of them.',
  });
}
