/** A table whose rows decide what an hour of a dataset holds, and whose late rows make it stale. */
export interface SourceTable {
  readonly table: 'requests' | 'cost_adjustments' | 'anomalies' | 'payloads';
  /** Event time. */
  readonly time: string;
  /** When the row was inserted. */
  readonly inserted: string;
}

/**
 * One kind of file. The SQL reads `{from}`, `{to}` and `{snapshot}`: rows of the half-open window that had been inserted
 * by the snapshot.
 */
export interface Dataset {
  readonly name: DatasetName;
  readonly sources: readonly SourceTable[];
  /** A SELECT without ORDER BY. */
  readonly select: string;
  /** Output column with the event time of a row. */
  readonly time: string;
  /** A total order of the rows, so that one snapshot gives one file. */
  readonly orderBy: string;
  /** Output column with the money, or null for a dataset without any. */
  readonly cost: string | null;
  /** Aggregate over the output: rows whose cost is unknown. Default: how many have no money. */
  readonly unpriced?: string;
}

export const DATASET_NAMES = [
  'requests',
  'cost_lines',
  'cost_adjustments',
  'usage_1h',
  'focus',
  'anomalies',
  'payloads',
] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];

const REQUESTS: SourceTable = { table: 'requests', time: 'ts', inserted: 'inserted_at' };
const ADJUSTMENTS: SourceTable = { table: 'cost_adjustments', time: 'ts', inserted: 'created_at' };
const ANOMALIES: SourceTable = { table: 'anomalies', time: 'started_at', inserted: 'inserted_at' };
const PAYLOADS: SourceTable = { table: 'payloads', time: 'ts', inserted: 'inserted_at' };
export const SOURCES = { REQUESTS, ADJUSTMENTS, ANOMALIES, PAYLOADS } as const;

const TIME = "DateTime64(3, 'UTC')";

/** FROM and WHERE of a source `t`: its rows, each once, of the window and the snapshot; `arrayJoin` multiplies them. */
export function windowOf({ table, time, inserted }: SourceTable, arrayJoin = ''): string {
  return `FROM weir.${table} AS t FINAL${arrayJoin === '' ? '' : ` ARRAY JOIN ${arrayJoin}`}
WHERE t.${time} >= {from:${TIME}} AND t.${time} < {to:${TIME}} AND t.${inserted} <= {snapshot:${TIME}}`;
}

/** FROM and WHERE of a view whose columns `time` and `inserted` are those of the tables under it, so that parts are pruned. */
export function viewWindow(view: string, time: string, inserted: string): string {
  return `FROM weir.${view}
WHERE ${time} >= {from:${TIME}} AND ${time} < {to:${TIME}} AND ${inserted} <= {snapshot:${TIME}}`;
}
