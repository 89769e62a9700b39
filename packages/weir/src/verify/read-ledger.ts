import { picoFromText } from '@weir/kernel';
import type { Warehouse } from '@weir/warehouse';
import type { LedgerEntry } from './compare-ledger.ts';
import type { TimeWindow } from './read-log-facts.ts';

const HOUR_MS = 3_600_000;

/** The ids of a window with their rows and cost, an hour at a time; not FINAL: a double that is not merged yet counts. */
export async function readLedger(
  warehouse: Warehouse,
  { fromMs, toMs }: TimeWindow,
): Promise<Map<string, LedgerEntry>> {
  const entries = new Map<string, LedgerEntry>();
  for (let from = fromMs; from < toMs; from += HOUR_MS) {
    const result = await warehouse.query(
      `SELECT toString(request_id) AS id, toUInt32(count()) AS n, toString(sum(r.cost_usd)) AS usd
       FROM requests AS r WHERE revision = 1
         AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
       GROUP BY request_id`,
      { params: { from, to: Math.min(from + HOUR_MS, toMs) } },
    );
    for (const { id, n, usd } of result.rows<{ id: string; n: number; usd: string | null }>()) {
      entries.set(id, { rows: n, costUsd: usd === null ? null : picoFromText(usd) });
    }
  }
  return entries;
}
