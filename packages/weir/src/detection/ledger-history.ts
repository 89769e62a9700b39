import type { SightingHistory } from '@weir/anomaly';
import type { EventLog } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { sleep } from '@weir/kernel';
import { LOADER_GROUPS } from '@weir/loader';
import type { Warehouse } from '@weir/warehouse';
import { readSightings } from './read-sightings.ts';

export interface LedgerHistoryOptions {
  readonly days: number;
  /** Most rows, the newest days first. */
  readonly rows: number;
  readonly now: () => number;
  readonly log: EventLog;
  readonly warehouse: () => Promise<Warehouse>;
}

const DAY_MS = 86_400_000;
/** How long the loader is waited for: what it has not loaded by then comes through the log. */
const LOADER_WAIT_MS = 120_000;
const LOOK_MS = 200;

/** The ledger's last weeks, for a detector without a state. */
export function ledgerHistory({ days, rows, now, log, warehouse }: LedgerHistoryOptions): SightingHistory {
  return {
    async read(learn, signal) {
      const store = await warehouse();
      await untilLoaded(log, signal);
      const marks = await loadedMarks(store);
      const toMs = now() + DAY_MS;
      const fromMs = await firstDay(store, { fromMs: now() - days * DAY_MS, toMs }, rows);
      await readSightings(store, { fromMs, toMs, marks }, learn, signal);
      return marks;
    },
  };
}

/** Partitions that are loaded up to different times would make one of them look late. */
async function untilLoaded(log: EventLog, signal: AbortSignal): Promise<void> {
  const { topic } = EVENTS.cost;
  const ends = new Map((await log.lag(LOADER_GROUPS.requests, topic)).map((one) => [one.partition, one.endOffset]));
  for (let waited = 0; waited < LOADER_WAIT_MS && !signal.aborted; waited += LOOK_MS) {
    const lags = await log.lag(LOADER_GROUPS.requests, topic);
    const loaded = ({ partition, committed, startOffset }: (typeof lags)[number]): boolean =>
      (committed ?? startOffset) >= (ends.get(partition) ?? 0);
    if (lags.every(loaded)) return;
    await sleep(LOOK_MS, signal);
  }
}

async function loadedMarks(warehouse: Warehouse): Promise<Map<number, number>> {
  const result = await warehouse.query(
    'SELECT toInt32(kafka_partition) AS partition, toString(max(kafka_offset)) AS offset FROM requests GROUP BY partition',
  );
  const rows = result.rows<{ partition: number; offset: string }>();
  return new Map(rows.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** Midnight of the first of the newest days that have no more than so many rows together. */
async function firstDay(
  warehouse: Warehouse,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  rows: number,
): Promise<number> {
  const result = await warehouse.query(
    `SELECT toString(toUnixTimestamp(toStartOfDay(ts))) AS day, toString(count()) AS n FROM requests
     WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
     GROUP BY day ORDER BY day DESC`,
    { params: { from: fromMs, to: toMs } },
  );
  let left = rows;
  let first = toMs;
  for (const { day, n } of result.rows<{ day: string; n: string }>()) {
    left -= Number(n);
    if (left < 0) break;
    first = Math.max(fromMs, Number(day) * 1_000);
  }
  return first;
}
