import { type Clock, createUuidV7, picoFromText } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import {
  type ChunkId,
  clearChunk,
  type ModelChange,
  priceRow,
  stageAdjustments,
  stagedChanges,
} from './adjustments.ts';
import { landChunk, settleChunks } from './land-chunk.ts';
import { type Chunk, dayOf, planChunks, type RowScope } from './plan-chunks.ts';
import { priceCall } from './price-call.ts';
import { chunkParams, readCalls } from './read-calls.ts';
import { holdRepricing } from './reprice-lock.ts';

export interface RepriceOptions extends RowScope {
  readonly warehouse: Warehouse;
  readonly book: PriceBook;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Tell what would change, and change nothing. */
  readonly dryRun: boolean;
  /** About so many rows are written at a time. Default 100,000. */
  readonly chunkRows?: number;
  readonly onProgress?: (progress: RepriceProgress) => void;
}

export interface RepriceProgress {
  readonly rows: number;
  readonly ofRows: number;
  readonly changed: number;
}

/** What a repricing changed of one model, pico-dollars. */
export interface RepricedModel {
  readonly model: string;
  /** Rows whose cost changed, and what they cost before and after; unknown counts as nothing. */
  readonly rows: number;
  readonly beforeUsd: bigint;
  readonly afterUsd: bigint;
  /** Rows that got a price; rows that lost it. */
  readonly priced: number;
  readonly unpriced: number;
}

export interface RepriceSummary {
  readonly runId: string;
  readonly priceBookVersion: string;
  /** Rows that the book prices. */
  readonly rows: number;
  /** Rows that it does not: reported by the provider, set by the caller, free, without usage. */
  readonly keptRows: number;
  /** Rows that do not tell what to price: answers of several models in parts. Their cost stands. */
  readonly unreadableRows: number;
  readonly changedRows: number;
  readonly models: readonly RepricedModel[];
  /** Chunks of an earlier, killed repricing that were written to their end first. */
  readonly settledChunks: number;
  /** False when it was interrupted: run it again to go on. */
  readonly complete: boolean;
}

const CHUNK_ROWS = 100_000;
/** Prices of one statement. */
const PRICES_AT_A_TIME = 50_000;

/**
 * Prices the booked calls of a window by a book and writes what differs from the ledger as corrections beside the rows
 * (I6), rollups included. Each chunk is written whole or not at all, through kill -9 at any point; running it again goes
 * on from there, and running it after its end writes nothing.
 * @throws WeirError `REPRICE_RUNNING`, `WAREHOUSE_*`.
 */
export async function reprice(options: RepriceOptions): Promise<RepriceSummary> {
  const { warehouse, book, clock, signal, dryRun } = options;
  const runId = createUuidV7(() => clock.now())();
  const hold = await holdRepricing(warehouse, runId, book.version, () => clock.now());
  try {
    const settledChunks = await settleChunks(options);
    const plan = await planChunks(warehouse, options, options.chunkRows ?? CHUNK_ROWS);
    const models = new Map<string, RepricedModel>();
    let [rows, unreadableRows, changedRows] = [0, 0, 0];
    for (const chunk of plan.chunks) {
      if (signal.aborted) break;
      await hold.beat();
      const id = { runId, chunk: chunk.number };
      unreadableRows += await stageChunk(options, id, chunk);
      const changes = await stagedChanges(warehouse, id);
      const changed = changes.reduce((sum, change) => sum + change.rows, 0);
      if (changed > 0 && !dryRun) {
        await landChunk(options, id, { dayMs: dayOf(chunk.fromMs), rows: changed, version: book.version });
      }
      await clearChunk(warehouse, id);
      for (const change of changes) addChange(models, change);
      rows += chunk.rows;
      changedRows += changed;
      options.onProgress?.({ rows, ofRows: plan.rows, changed: changedRows });
    }
    return {
      runId,
      priceBookVersion: book.version,
      rows,
      keptRows: plan.keptRows,
      unreadableRows,
      changedRows,
      models: [...models.values()].sort((a, b) => (a.model < b.model ? -1 : 1)),
      settledChunks,
      complete: rows === plan.rows,
    };
  } finally {
    await hold.release();
  }
}

/** Prices the groups of a chunk and stages its corrections; returns the rows that could not be priced. */
async function stageChunk({ warehouse, book, ...scope }: RepriceOptions, id: ChunkId, chunk: Chunk): Promise<number> {
  const params = chunkParams(book, chunk, scope);
  const prices: Record<string, unknown>[] = [];
  let unreadable = 0;
  for (const group of await readCalls(warehouse, params)) {
    const priced = priceCall(book, group.call, group.at);
    if (priced === undefined) unreadable += group.rows;
    else prices.push(priceRow(id, group, priced));
  }
  for (let at = 0; at < prices.length; at += PRICES_AT_A_TIME) {
    const values = prices.slice(at, at + PRICES_AT_A_TIME);
    const token = `prices/${id.runId}/${id.chunk}/${at}`;
    await warehouse.insert({ table: 'repricing_prices', token, rows: { kind: 'json', values } });
  }
  if (prices.length > 0) await stageAdjustments(warehouse, id, params, book.version);
  return unreadable;
}

function addChange(models: Map<string, RepricedModel>, change: ModelChange): void {
  const { model } = change;
  const before = models.get(model) ?? { model, rows: 0, beforeUsd: 0n, afterUsd: 0n, priced: 0, unpriced: 0 };
  models.set(model, {
    model,
    rows: before.rows + change.rows,
    beforeUsd: before.beforeUsd + picoFromText(change.before),
    afterUsd: before.afterUsd + picoFromText(change.after),
    priced: before.priced + change.priced,
    unpriced: before.unpriced + change.unpriced,
  });
}
