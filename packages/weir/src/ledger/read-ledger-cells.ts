import { picoFromText } from '@weir/kernel';
import { classOf, type LedgerCell } from '@weir/reconcile';
import type { Warehouse } from '@weir/warehouse';

interface CellRow {
  readonly hour: string;
  readonly model: string;
  readonly class: string;
  readonly tier: string;
  readonly quantity: string;
  readonly usd: string;
  readonly unpriced: string;
}

/** The class of a cost that is known as a whole only. */
const WHOLE = 'total';

/**
 * The corrected ledger by hour, model, class and tier, as statements count it: cost lines where they add up to the cost of
 * the row, else the row as a whole; of rows without a price their quantities.
 */
export async function readLedgerCells(
  warehouse: Warehouse,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  providers: readonly string[],
): Promise<LedgerCell[]> {
  const result = await warehouse.query(
    `SELECT toString(toUnixTimestamp(toStartOfHour(ts))) AS hour, toString(model) AS model, toString(line.1) AS class,
       service_tier AS tier, toString(sum(if(isNull(r.cost_usd), 0, toInt64(line.2)))) AS quantity,
       toString(sum(toDecimal128(ifNull(line.3, 0), 12))) AS usd, toString(sum(if(isNull(r.cost_usd), toInt64(line.2), 0))) AS unpriced
     FROM requests_corrected AS r
     ARRAY JOIN if(isNull(r.cost_usd),
       arrayMap((name, n) -> (name, n, CAST(NULL, 'Nullable(Decimal(18, 12))')), mapKeys(usage), mapValues(usage)),
       if(notEmpty(cost_lines) AND arraySum(l -> ifNull(l.7, toDecimal64(0, 12)), cost_lines) = r.cost_usd,
         arrayMap(l -> (l.1, l.2, l.7), cost_lines), [('${WHOLE}', toFloat64(0), r.cost_usd)])) AS line
     WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
       AND (empty({providers:Array(String)}) OR has({providers:Array(String)}, toString(provider)))
     GROUP BY hour, model, class, tier`,
    { params: { from: fromMs, to: toMs, providers } },
  );
  return result.rows<CellRow>().map((row) => ({
    hourMs: Number(row.hour) * 1_000,
    model: row.model,
    tokenClass: row.class === WHOLE ? '' : classOf(row.class),
    tier: row.tier,
    quantity: BigInt(row.quantity),
    usd: picoFromText(row.usd),
    unpriced: BigInt(row.unpriced),
  }));
}

/** Providers that the ledger has calls of. */
export async function readProviders(
  warehouse: Warehouse,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly string[]> {
  const result = await warehouse.query(
    `SELECT DISTINCT toString(provider) AS provider FROM requests
     WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
     ORDER BY provider LIMIT 20`,
    { params: { from: fromMs, to: toMs } },
  );
  return result.rows<{ provider: string }>().map(({ provider }) => provider);
}
