import { type Clock, createUuidV7, picoFromText } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import {
  type ChunkId,
  clearPrices,
  clearStaged,
  type ModelChange,
  stageAdjustments,
  stagedChanges,
} from './adjustments.ts';
import type { BookedCall } from './booked-call.ts';
import { landChunk, settleChunks } from './land-chunk.ts';
import { type Chunk, dayOf, planChunks, type RowScope } from './plan-chunks.ts';
import { priceCall } from './price-call.ts';
import { type CutPrice, PriceTemplates } from './price-templates.ts';
import { publishRates } from './publish-rates.ts';
import { type ChunkParams, chunkParams, pricedRows } from './read-calls.ts';
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
    if (!dryRun) await publishRates(warehouse, book);
    const plan = await planChunks(warehouse, options, options.chunkRows ?? CHUNK_ROWS);
    const models = new Map<string, RepricedModel>();
    let [rows, unreadableRows, changedRows] = [0, 0, 0];
    const [first] = plan.chunks;
    let pricing = first === undefined ? undefined : prepare(options, runId, first);
    for (const [index, chunk] of plan.chunks.entries()) {
      if (signal.aborted || pricing === undefined) break;
      await hold.beat();
      const prepared = await pricing;
      // The next chunk is priced while the engine writes this one.
      const next = plan.chunks[index + 1];
      pricing = next === undefined ? undefined : prepare(options, runId, next);
      const changes = await writeChunk(options, { runId, chunk: chunk.number }, chunk, prepared);
      for (const change of changes) addChange(models, change);
      rows += chunk.rows;
      unreadableRows += prepared.unreadableRows;
      changedRows += changes.reduce((sum, change) => sum + change.rows, 0);
      options.onProgress?.({ rows, ofRows: plan.rows, changed: changedRows });
    }
    await pricing?.catch(() => undefined);
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

interface PreparedChunk {
  readonly params: ChunkParams;
  /** Rows that could not be priced. */
  readonly unreadableRows: number;
  readonly anyPriced: boolean;
}

/** Prices the rows of a chunk. */
function prepare({ warehouse, book, ...scope }: RepriceOptions, runId: string, chunk: Chunk): Promise<PreparedChunk> {
  const work = async (): Promise<PreparedChunk> => {
    const params = chunkParams(book, chunk, scope);
    const prices = new PriceTemplates(warehouse, runId, chunk.number);
    const price = (call: BookedCall, at: number): CutPrice | null => {
      const priced = priceCall(book, call, at);
      return priced === undefined ? null : prices.cut(priced);
    };
    let unreadableRows = 0;
    for await (const { requestId, priced } of pricedRows(warehouse, params, price)) {
      if (priced === null) unreadableRows += 1;
      else await prices.add(requestId, priced);
    }
    return { params, unreadableRows, anyPriced: await prices.end() };
  };
  const prepared = work();
  // It is awaited a chunk later; until then its failure must not count as unhandled.
  prepared.catch(() => undefined);
  return prepared;
}

/** Stages and writes what a chunk changes. */
async function writeChunk(
  options: RepriceOptions,
  id: ChunkId,
  { fromMs }: Chunk,
  { params, anyPriced }: PreparedChunk,
): Promise<readonly ModelChange[]> {
  const { warehouse, book, dryRun } = options;
  if (!anyPriced) return [];
  await stageAdjustments(warehouse, id, params, book.version);
  await clearPrices(warehouse, id.chunk);
  const changes = await stagedChanges(warehouse, id);
  const rows = changes.reduce((sum, change) => sum + change.rows, 0);
  if (rows > 0 && !dryRun) await landChunk(options, id, { dayMs: dayOf(fromMs), rows, version: book.version });
  else if (rows > 0) await clearStaged(warehouse, id);
  return changes;
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
