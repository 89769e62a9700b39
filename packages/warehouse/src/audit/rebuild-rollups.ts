import { WeirError } from '@weir/kernel';
import type { Warehouse } from '../warehouse.ts';
import { DAY_MS } from './compare-rollups.ts';

/** Rollups by the column that dates their rows. */
const DATED: Readonly<Record<string, string>> = {
  usage_1m: 'minute',
  usage_1h: 'hour',
  usage_1d: 'day',
  usage_dim_1h: 'hour',
  usage_user_1d: 'day',
  facets_1h: 'hour',
};
/** Tables whose views feed the rollups; rollups fed by rollups follow by themselves. */
const FROM_LEDGER = /\bFROM (\w+)\.(requests|cost_adjustments)\b( AS \w+)?/;
const TO = /\bTO \w+\.`?(\w+)`?/;
/** A rebuilt part may equal one that was there before: that is no repeat. */
const SETTINGS = {
  insert_deduplicate: 0,
  deduplicate_insert_select: 'disable',
  deduplicate_blocks_in_dependent_materialized_views: 0,
};

interface View {
  readonly name: string;
  readonly as_select: string;
  readonly create_table_query: string;
  /** In the order of its SELECT. */
  readonly columns: string;
}

/**
 * Makes every rollup of one UTC day anew, by the SELECTs of their own views over the rows of that day. Rows of that day
 * that are inserted meanwhile are counted twice or not at all: keep the loader out, or compare afterwards and repeat.
 * A crash in between leaves the day short, which the next comparison finds.
 * @throws WeirError `WAREHOUSE_*`.
 */
export async function rebuildRollups(warehouse: Warehouse, dayMs: number): Promise<void> {
  const from = Math.floor(dayMs / DAY_MS) * DAY_MS;
  const bounds = (column: string): string =>
    `${column} >= fromUnixTimestamp64Milli(${from}, 'UTC') AND ${column} < fromUnixTimestamp64Milli(${from + DAY_MS}, 'UTC')`;
  const views = await warehouse.query(
    `SELECT name, as_select, create_table_query, columns FROM system.tables AS t INNER JOIN (
       SELECT table, arrayStringConcat(arrayMap(c -> c.2, arraySort(groupArray((position, name)))), ', ') AS columns
       FROM system.columns WHERE database = currentDatabase() GROUP BY table
     ) AS c ON c.table = t.name
     WHERE t.database = currentDatabase() AND t.engine = 'MaterializedView' ORDER BY name`,
  );
  const statements = views.rows<View>().flatMap((view) => {
    if (!FROM_LEDGER.test(view.as_select)) return [];
    const target = TO.exec(view.create_table_query)?.[1];
    if (target === undefined || DATED[target] === undefined) throw unknownTarget(view.name);
    return [`INSERT INTO ${target} (${view.columns}) ${overDay(view.as_select, bounds('ts'))}`];
  });
  for (const [table, column] of Object.entries(DATED)) {
    await warehouse.execute(`ALTER TABLE ${table} DELETE WHERE ${bounds(column)}`, { settings: { mutations_sync: 2 } });
  }
  for (const statement of statements) await warehouse.execute(statement, { settings: SETTINGS });
}

/** The view's SELECT over the day's rows only, each counted once; `*` leaves materialized columns out. */
const overDay = (select: string, day: string): string =>
  select.replace(FROM_LEDGER, (_all, database: string, table: string, alias: string | undefined) => {
    const columns = table === 'requests' ? '*, model' : '*';
    return `FROM (SELECT ${columns} FROM ${database}.${table} FINAL WHERE ${day})${alias ?? ''}`;
  });

const unknownTarget = (view: string): WeirError =>
  new WeirError('WAREHOUSE_AUDIT', `the view ${view} feeds a table that the audit does not know`, {
    fix: 'Name its target in packages/warehouse/src/audit/rebuild-rollups.ts.',
  });
