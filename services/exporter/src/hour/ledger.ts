import { createHash } from 'node:crypto';
import { picoFromText, picoToText } from '@weir/kernel';
import type { QueryOptions, Warehouse } from '@weir/warehouse';
import { type Dataset, type SourceTable, windowOf } from '../datasets/dataset.ts';
import { fromWarehouseTime, startOfHour, type Window, warehouseTime } from '../hour.ts';
import type { ManifestSource } from '../manifest/manifest.ts';

/** A window of event time, as it was at a moment. */
export interface LedgerView {
  readonly window: Window;
  readonly snapshot: number;
}

/** What a view holds of a dataset. */
export interface LedgerTotals {
  readonly rows: number;
  /** Shortest decimal text; null for a dataset without money. */
  readonly usd: string | null;
  readonly unpriced: number | null;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Sorting an hour may spill to disk instead of filling the memory (I7). */
const SPILL_BYTES = 256 * 1024 * 1024;
const SETTINGS = { max_bytes_before_external_sort: SPILL_BYTES, max_bytes_before_external_group_by: SPILL_BYTES };

/** Options of every read: the window bound as parameters, never as text; the engine refuses to write. */
export function readOptions({ window, snapshot }: LedgerView, signal?: AbortSignal): QueryOptions {
  const [from, to] = [warehouseTime(window.from), warehouseTime(window.to)];
  return {
    params: { from, to, snapshot: warehouseTime(snapshot) },
    settings: SETTINGS,
    readonly: true,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The warehouse's own clock, ms: what `inserted_at` is compared with. */
export async function warehouseNow(warehouse: Warehouse): Promise<number> {
  const answer = await warehouse.query("SELECT now64(3, 'UTC') AS now", { readonly: true });
  return fromWarehouseTime(answer.rows<{ now: string }>()[0]?.now ?? '');
}

export async function readTotals(warehouse: Warehouse, dataset: Dataset, view: LedgerView): Promise<LedgerTotals> {
  const { cost, time, select } = dataset;
  const unpriced = dataset.unpriced ?? `countIf(isNull(${cost}))`;
  const money = cost === null ? '' : `, toString(ifNull(sum(${cost}), 0)) AS usd, ${unpriced} AS unpriced`;
  const sql = `SELECT count() AS rows, min(${time}) AS first, max(${time}) AS last${money} FROM (${select})`;
  const [row] = (await warehouse.query(sql, readOptions(view))).rows<Record<string, string>>();
  return {
    rows: Number(row?.['rows'] ?? 0),
    usd: cost === null ? null : canonical(row?.['usd'] ?? '0'),
    unpriced: cost === null ? null : Number(row?.['unpriced'] ?? 0),
    minTime: fromWarehouseTime(row?.['first'] ?? ''),
    maxTime: fromWarehouseTime(row?.['last'] ?? ''),
  };
}

/** Rows of each source table and when the last of them came: equal facts mean an equal hour. */
export async function readSources(
  warehouse: Warehouse,
  dataset: Dataset,
  view: LedgerView,
): Promise<readonly ManifestSource[]> {
  const found: ManifestSource[] = [];
  for (const source of dataset.sources) {
    const sql = `SELECT count() AS rows, max(t.${source.inserted}) AS last ${windowOf(source)}`;
    const [row] = (await warehouse.query(sql, readOptions(view))).rows<{ rows: string; last: string }>();
    const rows = Number(row?.rows ?? 0);
    const last = rows === 0 ? null : new Date(fromWarehouseTime(row?.last ?? '')).toISOString();
    found.push({ table: source.table, rows, max_inserted_at: last });
  }
  return found;
}

export const sameSources = (one: readonly ManifestSource[], other: readonly ManifestSource[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Names and types of the columns, as a hash: a reader sees from it that the shape of the files changed. */
export async function readSchemaHash(warehouse: Warehouse, dataset: Dataset, view: LedgerView): Promise<string> {
  const options = { ...readOptions(view), format: 'TSV' };
  const described = (await warehouse.query(`DESCRIBE (${dataset.select})`, options)).text();
  const columns = described.split('\n').map((line) => line.split('\t').slice(0, 2).join(' '));
  return createHash('sha256').update(columns.join('\n').trim()).digest('hex');
}

/** Cuts a view into windows of about equally many rows, at moments between rows; fewer when rows share a moment. */
export async function splitWindow(
  warehouse: Warehouse,
  dataset: Dataset,
  view: LedgerView,
  parts: number,
  rows: number,
): Promise<readonly Window[]> {
  if (parts <= 1) return [view.window];
  const step = Math.ceil(rows / parts);
  const { time } = dataset;
  const sql = `SELECT DISTINCT at FROM (
  SELECT ${time} AS at, row_number() OVER (ORDER BY ${time}) - 1 AS number FROM (${dataset.select})
) WHERE number > 0 AND number % {step:UInt64} = 0 ORDER BY at`;
  const options = readOptions(view);
  const answer = await warehouse.query(sql, { ...options, params: { ...options.params, step } });
  const cuts = answer.rows<{ at: string }>().map(({ at }) => fromWarehouseTime(at));
  const inside = cuts.filter((cut) => cut > view.window.from && cut < view.window.to);
  return [view.window.from, ...inside].map((from, index) => ({ from, to: inside[index] ?? view.window.to }));
}

/** Hours before `before` that got rows after `since`. */
export async function readChangedHours(
  warehouse: Warehouse,
  sources: readonly SourceTable[],
  since: number,
  before: number,
): Promise<readonly number[]> {
  const hours = new Set<number>();
  for (const { table, time, inserted } of sources) {
    const sql = `SELECT DISTINCT toString(toStartOfHour(${time})) AS hour FROM weir.${table}
WHERE ${inserted} > {since:DateTime64(3, 'UTC')} AND ${time} < {before:DateTime64(3, 'UTC')}`;
    const params = { since: warehouseTime(since), before: warehouseTime(before) };
    const answer = await warehouse.query(sql, { params, readonly: true });
    for (const { hour } of answer.rows<{ hour: string }>()) hours.add(fromWarehouseTime(hour));
  }
  return [...hours].sort((a, b) => a - b);
}

/** The hour of the oldest row, or undefined when there is none. */
export async function readFirstHour(
  warehouse: Warehouse,
  sources: readonly SourceTable[],
): Promise<number | undefined> {
  let first: number | undefined;
  for (const { table, time } of sources) {
    const sql = `SELECT count() AS rows, min(${time}) AS first FROM weir.${table}`;
    const [row] = (await warehouse.query(sql, { readonly: true })).rows<{ rows: string; first: string }>();
    if (Number(row?.rows ?? 0) === 0) continue;
    const hour = startOfHour(fromWarehouseTime(row?.first ?? ''));
    first = Math.min(first ?? hour, hour);
  }
  return first;
}

const canonical = (usd: string): string => picoToText(picoFromText(usd));
