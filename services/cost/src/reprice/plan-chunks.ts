import type { Warehouse } from '@weir/warehouse';
import { PRICED_AT, PRICED_BY_BOOK } from './booked-call.ts';

/** Which rows: a half-open window of event time, and model names as asked, answered or priced (none = all). */
export interface RowScope {
  readonly fromMs: number;
  readonly toMs: number;
  readonly models: readonly string[];
}

/** Rows that are repriced together: whole minutes of one UTC day. */
export interface Chunk {
  /** From 1. */
  readonly number: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  /** The last moment that a row of it is priced by. */
  readonly maxAtMs: number;
}

export interface Plan {
  readonly chunks: readonly Chunk[];
  /** Rows that are priced by a book. */
  readonly rows: number;
  /** Rows whose cost is not a matter of the book: reported, set by the caller, free, without usage. */
  readonly keptRows: number;
}

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The condition of a scope; parameters `from`, `to`, `models`. */
export const IN_SCOPE = `ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  AND (empty({models:Array(String)}) OR hasAny({models:Array(String)}, [toString(model), request_model, priced_model]))`;

/** Cuts a scope into chunks of about `chunkRows` rows; a minute is never cut, and no chunk reaches over midnight. */
export async function planChunks(warehouse: Warehouse, scope: RowScope, chunkRows: number): Promise<Plan> {
  const result = await warehouse.query(
    `SELECT toUnixTimestamp(toStartOfMinute(ts)) AS minute, toUInt32(countIf(priced)) AS rows,
       toUInt32(countIf(NOT priced)) AS kept, toFloat64(maxIf(at, priced)) AS max_at
     FROM (SELECT ts, (${PRICED_BY_BOOK}) AS priced, ${PRICED_AT} AS at FROM requests FINAL WHERE revision = 1 AND ${IN_SCOPE})
     GROUP BY minute ORDER BY minute`,
    { params: { from: scope.fromMs, to: scope.toMs, models: scope.models } },
  );
  const minutes = result.rows<{ minute: number; rows: number; kept: number; max_at: number }>();
  const chunks: Chunk[] = [];
  let open: Chunk | undefined;
  const close = (): void => {
    if (open !== undefined && open.rows > 0) chunks.push({ ...open, number: chunks.length + 1 });
    open = undefined;
  };
  for (const { minute, rows, max_at: maxAtMs } of minutes) {
    const fromMs = Math.max(scope.fromMs, minute * 1_000);
    const toMs = Math.min(scope.toMs, minute * 1_000 + MINUTE_MS);
    if (open !== undefined && (open.rows + rows > chunkRows || dayOf(open.fromMs) !== dayOf(fromMs))) close();
    open =
      open === undefined
        ? { number: 0, fromMs, toMs, rows, maxAtMs }
        : { ...open, toMs, rows: open.rows + rows, maxAtMs: Math.max(open.maxAtMs, maxAtMs) };
  }
  close();
  const total = (of: (row: (typeof minutes)[number]) => number): number =>
    minutes.reduce((sum, row) => sum + of(row), 0);
  return { chunks, rows: total(({ rows }) => rows), keptRows: total(({ kept }) => kept) };
}

export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;
