import type { Warehouse } from '@weir/warehouse';
import type { CostColumns } from '../cost-columns.ts';
import { PARTS } from './booked-call.ts';
import type { ChunkParams } from './read-calls.ts';

/** One chunk of one repricing. */
export interface ChunkId {
  readonly runId: string;
  readonly chunk: number;
}

const deltaOf = (part: keyof CostColumns): string => part.replace('cost_', 'delta_');
const DIMENSIONS = [
  'account',
  'gateway',
  'env',
  'feature',
  'user_id',
  'api_key_id',
  'prompt_fp',
  'provider',
  'model',
] as const;
const EXPLANATION = ['cost_source', 'cost_flags', 'unpriced_reason', 'priced_model', 'cost_lines'] as const;
const COLUMNS = [
  'request_id',
  'ts',
  ...DIMENSIONS,
  'revision',
  'delta_usd',
  ...PARTS.map(deltaOf),
  'unpriced_delta',
  'cost_usd',
  ...EXPLANATION,
  'run_id',
  'chunk',
  'reason',
  'price_book_version',
  'created_at',
];
const OF_CHUNK = 'run_id = {run:String} AND chunk = {chunk:UInt32}';
/** One block, so that a token names all of it (reference: warehouse.md §2.2). */
const ONE_BLOCK = 1_048_449;
const AS_ONE_BLOCK = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_insert_select: 'force_enable',
  insert_select_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: ONE_BLOCK,
  min_insert_block_size_rows: ONE_BLOCK,
  min_insert_block_size_bytes: 0,
  max_insert_threads: 1,
  max_block_size: ONE_BLOCK,
  max_threads: 1,
  optimize_on_insert: 0,
};

/** Pico-dollars as a decimal, exactly. */
const usd = (pico: string): string =>
  `CAST(toDecimal128(${pico}, 0) * toDecimal128('0.000000000001', 12) AS Decimal(18, 12))`;
const NEW_TOTAL = usd('arraySum(p.amounts)');
const NEW_LINES = `arrayMap((l, q, a) -> (l.1, q, l.2, l.3, l.4, l.5, if(l.7, ${usd('a')}, NULL)), t.lines, p.quantities, p.amounts)`;

const IN_TIME = `ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`;
/** The priced rows of a chunk as `r`, with their price `p`, its template `t`, and what they were corrected by so far, `a`. */
const PRICED_ROWS = `(
    SELECT request_id, ts, ${DIMENSIONS.join(', ')}, cost_usd, ${PARTS.join(', ')}
    FROM requests FINAL WHERE revision = 1 AND ${IN_TIME}
  ) AS r
  INNER JOIN (SELECT * FROM repricing_prices WHERE chunk = {chunk:UInt32}) AS p ON p.request_id = r.request_id
  INNER JOIN (SELECT * FROM repricing_templates WHERE chunk = {chunk:UInt32}) AS t ON t.template = p.template
  LEFT JOIN (
    SELECT request_id, max(revision) AS revision, sum(delta_usd) AS delta_usd, sum(unpriced_delta) AS unpriced_delta,
      ${PARTS.map((part) => `sum(${deltaOf(part)}) AS ${deltaOf(part)}`).join(', ')}
    FROM cost_adjustments FINAL WHERE ${IN_TIME} GROUP BY request_id
  ) AS a ON a.request_id = r.request_id`;

/**
 * Stages the corrections of a chunk: for every row whose cost, as booked and corrected so far, is not the new one. An
 * unknown cost counts as nothing in `delta_usd` and as one in `unpriced_delta`.
 */
export async function stageAdjustments(
  warehouse: Warehouse,
  { runId, chunk }: ChunkId,
  { from, to }: ChunkParams,
  version: string,
): Promise<void> {
  const parts = PARTS.map((part, index) => {
    const pico = `arraySum((a, l) -> if(l.6 = ${index + 1}, a, 0), p.amounts, t.lines)`;
    return `${usd(pico)} - (r.${part} + a.${deltaOf(part)}) AS ${deltaOf(part)}`;
  });
  const changed = ['delta_usd', 'unpriced_delta', ...PARTS.map(deltaOf)].map((column) => `${column} != 0`);
  const explanation = EXPLANATION.map((name) => (name === 'cost_lines' ? `${NEW_LINES} AS cost_lines` : `t.${name}`));
  await warehouse.execute(
    `INSERT INTO repricing_staged (${COLUMNS.join(', ')})
     SELECT r.request_id, r.ts, ${DIMENSIONS.map((name) => `r.${name}`).join(', ')},
       toInt32(greatest(a.revision, 1) + 1) AS revision,
       if(t.unknown, 0, ${NEW_TOTAL}) - (ifNull(r.cost_usd, 0) + a.delta_usd) AS delta_usd,
       ${parts.join(', ')},
       toInt8(toInt64(t.unknown) - (toInt64(isNull(r.cost_usd)) + a.unpriced_delta)) AS unpriced_delta,
       if(t.unknown, NULL, ${NEW_TOTAL}) AS cost_usd, ${explanation.join(', ')},
       {run:String}, {chunk:UInt32}, 'repricing', {version:String}, now64(3)
     FROM ${PRICED_ROWS}
     WHERE ${changed.join(' OR ')}`,
    {
      params: { from, to, run: runId, chunk, version },
      settings: {
        async_insert: 0,
        join_use_nulls: 0,
        min_insert_block_size_rows: ONE_BLOCK,
        min_insert_block_size_bytes: 0,
      },
    },
  );
}

/** Corrected cost beside the prices of a chunk, by model and feature. Amounts are decimal text. */
export interface ComparedGroup {
  readonly model: string;
  readonly feature: string;
  readonly rows: number;
  readonly usd: string;
  readonly unpriced: number;
  readonly what_if_usd: string;
  readonly what_if_unpriced: number;
}

export async function compareWithPrices(
  warehouse: Warehouse,
  chunk: number,
  { from, to }: ChunkParams,
): Promise<ComparedGroup[]> {
  const result = await warehouse.query(
    `SELECT toString(r.model) AS model, toString(r.feature) AS feature, toUInt32(count()) AS rows,
       toString(sum(toDecimal128(ifNull(r.cost_usd, 0), 12) + a.delta_usd)) AS usd,
       toUInt32(sum(toInt64(isNull(r.cost_usd)) + a.unpriced_delta)) AS unpriced,
       toString(sum(toDecimal128(if(t.unknown, 0, ${NEW_TOTAL}), 12))) AS what_if_usd,
       toUInt32(countIf(t.unknown)) AS what_if_unpriced
     FROM ${PRICED_ROWS}
     GROUP BY r.model, r.feature ORDER BY r.model, r.feature`,
    { params: { from, to, chunk }, settings: { join_use_nulls: 0 } },
  );
  return result.rows<ComparedGroup>();
}

/** What a staged chunk changes, by model. Amounts are decimal text. */
export interface ModelChange {
  readonly model: string;
  readonly rows: number;
  /** Cost of the changed rows before and after; unknown ones count as nothing. */
  readonly before: string;
  readonly after: string;
  /** Rows that had no price and have one now, and the other way about. */
  readonly priced: number;
  readonly unpriced: number;
}

export async function stagedChanges(warehouse: Warehouse, { runId, chunk }: ChunkId): Promise<ModelChange[]> {
  const wide = 'toDecimal128(ifNull(cost_usd, 0), 12)';
  const result = await warehouse.query(
    `SELECT toString(model) AS model, toUInt32(count()) AS rows, toString(sum(${wide} - delta_usd)) AS before,
       toString(sum(${wide})) AS after, toUInt32(countIf(unpriced_delta < 0)) AS priced,
       toUInt32(countIf(unpriced_delta > 0)) AS unpriced
     FROM repricing_staged AS s WHERE ${OF_CHUNK} GROUP BY model ORDER BY model`,
    { params: { run: runId, chunk } },
  );
  return result.rows<ModelChange>();
}

/** Writes what is staged into the ledger, and through its views into the rollups; once, however often it is called. */
export async function landAdjustments(warehouse: Warehouse, { runId, chunk }: ChunkId): Promise<void> {
  const columns = COLUMNS.filter((column) => column !== 'created_at').join(', ');
  await warehouse.execute(
    `INSERT INTO cost_adjustments (${columns}, created_at)
     SELECT ${columns}, now64(3) FROM repricing_staged WHERE ${OF_CHUNK} ORDER BY account, ts, request_id, revision`,
    {
      params: { run: runId, chunk },
      settings: { ...AS_ONE_BLOCK, insert_deduplication_token: `repricing/${runId}/${chunk}` },
    },
  );
}

/** Whether the ledger has corrections of a chunk. */
export async function hasLanded(warehouse: Warehouse, { runId, chunk }: ChunkId): Promise<boolean> {
  const result = await warehouse.query(`SELECT 1 AS found FROM cost_adjustments WHERE ${OF_CHUNK} LIMIT 1`, {
    params: { run: runId, chunk },
  });
  return result.rows().length > 0;
}

/** Removes what a chunk was staged from. */
export async function clearPrices(warehouse: Warehouse, chunk: number): Promise<void> {
  for (const table of ['repricing_prices', 'repricing_templates']) {
    await warehouse.execute(`ALTER TABLE ${table} DROP PARTITION ${chunk}`);
  }
}

/** Removes what a chunk was written from. */
export async function clearStaged(warehouse: Warehouse, { runId, chunk }: ChunkId): Promise<void> {
  // Ids are ours: letters, digits and hyphens.
  await warehouse.execute(`ALTER TABLE repricing_staged DROP PARTITION ('${runId}', ${chunk})`);
}

/** Removes the prices that a killed run left behind. */
export async function clearScratch(warehouse: Warehouse): Promise<void> {
  for (const table of ['repricing_prices', 'repricing_templates']) await warehouse.execute(`TRUNCATE TABLE ${table}`);
}

/** Removes the corrections that a killed run staged; none of them may be sealed any more. */
export async function clearUnsealed(warehouse: Warehouse): Promise<void> {
  await warehouse.execute('TRUNCATE TABLE repricing_staged');
}
