import { picoToText } from '@weir/kernel';
import type { Warehouse } from '@weir/warehouse';
import { type CostColumns, costColumns } from '../cost-columns.ts';
import type { PricedFacts } from '../price-facts.ts';
import { PARTS } from './booked-call.ts';
import type { CallGroup, chunkParams } from './read-calls.ts';
import { hashedRows } from './read-calls.ts';

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

/** The row of repricing_prices for one group. */
export function priceRow({ runId, chunk }: ChunkId, group: CallGroup, priced: PricedFacts): Record<string, unknown> {
  const parts = costColumns(priced.lines);
  const row: Record<string, unknown> = { run_id: runId, chunk, key: group.key, cost_usd: textOf(priced.total) };
  for (const part of PARTS) row[part] = picoToText(parts[part]);
  row['cost_source'] = priced.source;
  row['cost_flags'] = priced.flags;
  row['unpriced_reason'] = priced.reason;
  row['priced_model'] = priced.model;
  row['cost_lines'] = priced.lines.map(({ class: name, quantity, unit, rate, per, rateId, amount }) => {
    return { class: name, quantity, unit, rate_usd: rate, per, rate_id: rateId, amount_usd: textOf(amount) };
  });
  return row;
}

const textOf = (amount: bigint | null): string | null => (amount === null ? null : picoToText(amount));

/**
 * Stages the corrections of a chunk: for every row whose cost, as booked and corrected so far, is not the new one. An
 * unknown cost counts as nothing in `delta_usd` and as one in `unpriced_delta`.
 */
export async function stageAdjustments(
  warehouse: Warehouse,
  { runId, chunk }: ChunkId,
  params: ReturnType<typeof chunkParams>,
  version: string,
): Promise<void> {
  const parts = PARTS.map((part) => `p.${part} - (r.${part} + a.${deltaOf(part)}) AS ${deltaOf(part)}`);
  const sums = PARTS.map((part) => `sum(${deltaOf(part)}) AS ${deltaOf(part)}`);
  const changed = ['delta_usd', 'unpriced_delta', ...PARTS.map(deltaOf)].map((column) => `${column} != 0`);
  const rowColumns = [
    'request_id',
    'ts',
    'env',
    'feature',
    'user_id',
    'api_key_id',
    'prompt_fp',
    'model',
    'cost_usd',
    ...PARTS,
  ];
  await warehouse.execute(
    `INSERT INTO repricing_staged (${COLUMNS.join(', ')})
     SELECT r.request_id, r.ts, ${DIMENSIONS.map((name) => `r.${name}`).join(', ')},
       toInt32(greatest(a.revision, 1) + 1) AS revision,
       ifNull(p.cost_usd, 0) - (ifNull(r.cost_usd, 0) + a.delta_usd) AS delta_usd,
       ${parts.join(', ')},
       toInt8(toInt64(isNull(p.cost_usd)) - (toInt64(isNull(r.cost_usd)) + a.unpriced_delta)) AS unpriced_delta,
       p.cost_usd, ${EXPLANATION.map((name) => `p.${name}`).join(', ')},
       {run:String}, {chunk:UInt32}, 'repricing', {version:String}, now64(3)
     FROM ${hashedRows(`, ${rowColumns.join(', ')}`)} AS r
     INNER JOIN (SELECT * FROM repricing_prices WHERE ${OF_CHUNK}) AS p ON p.key = r.key
     LEFT JOIN (
       SELECT request_id, max(revision) AS revision, sum(delta_usd) AS delta_usd, sum(unpriced_delta) AS unpriced_delta,
         ${sums.join(', ')}
       FROM cost_adjustments FINAL
       WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
       GROUP BY request_id
     ) AS a ON a.request_id = r.request_id
     WHERE ${changed.join(' OR ')}`,
    {
      params: { ...params, run: runId, chunk, version },
      settings: {
        async_insert: 0,
        join_use_nulls: 0,
        min_insert_block_size_rows: ONE_BLOCK,
        min_insert_block_size_bytes: 0,
      },
    },
  );
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

/** Removes the scratch rows of a chunk. */
export async function clearChunk(warehouse: Warehouse, { runId, chunk }: ChunkId): Promise<void> {
  for (const table of ['repricing_prices', 'repricing_staged']) {
    // Ids are ours: letters, digits and hyphens.
    await warehouse.execute(`ALTER TABLE ${table} DROP PARTITION ('${runId}', ${chunk})`);
  }
}

/** The chunks that have scratch rows. */
export async function scratchChunks(warehouse: Warehouse): Promise<ChunkId[]> {
  const result = await warehouse.query(
    `SELECT DISTINCT run_id AS runId, chunk FROM (
       SELECT run_id, chunk FROM repricing_prices UNION ALL SELECT run_id, chunk FROM repricing_staged)`,
  );
  return result.rows<ChunkId>();
}
