import { type Clock, createUuidV7, picoFromText } from '@weir/kernel';
import type { PriceBook } from '@weir/pricing';
import type { Warehouse } from '@weir/warehouse';
import { clearPrices, clearScratch, compareWithPrices } from './adjustments.ts';
import type { BookedCall } from './booked-call.ts';
import { planChunks, type RowScope } from './plan-chunks.ts';
import { type OtherModel, priceCall } from './price-call.ts';
import { type CutPrice, PriceTemplates } from './price-templates.ts';
import { chunkParams, pricedRows } from './read-calls.ts';
import { holdRepricing } from './reprice-lock.ts';

export interface WhatIfOptions extends RowScope {
  readonly warehouse: Warehouse;
  readonly book: PriceBook;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The model that would have answered instead, by the names of the one that did; `''` stands for every other. */
  readonly instead: ReadonlyMap<string, OtherModel>;
  /** A moment to price every call by; default: each by its own. */
  readonly atMs?: number;
  readonly chunkRows?: number;
}

/** What the calls of one model and feature cost, and what they would have; pico-dollars, unknown counts as nothing. */
export interface WhatIfGroup {
  readonly model: string;
  readonly feature: string;
  readonly rows: number;
  readonly usd: bigint;
  readonly unpriced: number;
  readonly whatIfUsd: bigint;
  readonly whatIfUnpriced: number;
}

export interface WhatIfAnswer {
  readonly groups: readonly WhatIfGroup[];
  /** Rows whose cost is not a matter of a book, or that do not tell what to price: left out on both sides. */
  readonly leftOutRows: number;
}

const CHUNK_ROWS = 100_000;

/**
 * What the booked calls of a window would have cost on other models, at another date or by another book. Exact, and
 * nothing of it is kept.
 * @throws WeirError `REPRICE_RUNNING`, `WAREHOUSE_*`.
 */
export async function whatIf(options: WhatIfOptions): Promise<WhatIfAnswer> {
  const { warehouse, book, clock, signal, instead, atMs } = options;
  const runId = createUuidV7(() => clock.now())();
  const hold = await holdRepricing(warehouse, runId, book.version, () => clock.now());
  try {
    await clearScratch(warehouse);
    const plan = await planChunks(warehouse, options, options.chunkRows ?? CHUNK_ROWS);
    const groups = new Map<string, WhatIfGroup>();
    let leftOutRows = plan.keptRows;
    for (const chunk of plan.chunks) {
      signal.throwIfAborted();
      await hold.beat();
      const prices = new PriceTemplates(warehouse, runId, chunk.number);
      const params = chunkParams(book, chunk, options);
      const price = (call: BookedCall, at: number): CutPrice | null => {
        const other = instead.get(call.responseModel) ?? instead.get(call.requestModel) ?? instead.get('');
        const priced = priceCall(book, call, atMs ?? at, other);
        return priced === undefined ? null : prices.cut(priced);
      };
      for await (const { requestId, priced } of pricedRows(warehouse, params, price)) {
        if (priced === null) leftOutRows += 1;
        else await prices.add(requestId, priced);
      }
      if (!(await prices.end())) continue;
      for (const row of await compareWithPrices(warehouse, chunk.number, params)) addGroup(groups, row);
      await clearPrices(warehouse, chunk.number);
    }
    return { groups: [...groups.values()], leftOutRows };
  } finally {
    await hold.release();
  }
}

function addGroup(groups: Map<string, WhatIfGroup>, row: Awaited<ReturnType<typeof compareWithPrices>>[number]): void {
  const key = JSON.stringify([row.model, row.feature]);
  const before = groups.get(key);
  groups.set(key, {
    model: row.model,
    feature: row.feature,
    rows: (before?.rows ?? 0) + row.rows,
    usd: (before?.usd ?? 0n) + picoFromText(row.usd),
    unpriced: (before?.unpriced ?? 0) + row.unpriced,
    whatIfUsd: (before?.whatIfUsd ?? 0n) + picoFromText(row.what_if_usd),
    whatIfUnpriced: (before?.whatIfUnpriced ?? 0) + row.what_if_unpriced,
  });
}
