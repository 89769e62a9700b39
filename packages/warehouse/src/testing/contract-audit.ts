import { expect, it } from 'vitest';
import { type AuditWindow, compareRollups, DAY_MS } from '../audit/compare-rollups.ts';
import { rebuildRollups } from '../audit/rebuild-rollups.ts';
import type { Warehouse } from '../warehouse.ts';
import { ledgerTotals } from './ledger-totals.ts';

const DAY = Date.UTC(2026, 10, 20);
const WINDOW: AuditWindow = { fromMs: DAY, toMs: DAY + 2 * DAY_MS };

/** Ways a rollup can go wrong, and the rollups that a comparison must then name. */
const FAULTS: readonly (readonly [what: string, sql: string, named: readonly string[]])[] = [
  ['lost a minute', "ALTER TABLE weir.usage_1m DELETE WHERE minute = '2026-11-20 10:00:00'", ['usage_1m']],
  [
    'counts a group twice',
    "INSERT INTO weir.usage_dim_1h SELECT * FROM weir.usage_dim_1h WHERE dimension = 'api_key_id' LIMIT 1",
    ['usage_dim_1h/api_key_id'],
  ],
  ['is empty', 'TRUNCATE TABLE weir.usage_1d', ['usage_1d']],
  [
    'is off by the last digit of the money',
    `INSERT INTO weir.usage_user_1d (account, day, cost_usd) VALUES ('acme', '2026-11-20', '0.000000000001')`,
    ['usage_user_1d'],
  ],
  ['has no facets', 'TRUNCATE TABLE weir.facets_1h', ['facets_1h/feature', 'facets_1h/provider']],
];

/** What the audit must find and mend, on a warehouse that holds sample costs of 20 November 2026. */
export function describeAudit(warehouse: () => Warehouse): void {
  const named = async (): Promise<string[]> => {
    const drifts = await compareRollups(warehouse(), WINDOW, DAY + DAY_MS);
    return [...new Set(drifts.map(({ rollup }) => rollup))].sort();
  };

  it('audits: rollups that agree with the rows are not named', async () => {
    expect(await named()).toEqual([]);
  });

  it.each(FAULTS)('audits: a rollup that %s is named, and is exact again when rebuilt', async (_what, sql, rollups) => {
    const before = await ledgerTotals(warehouse());
    await warehouse().execute(sql, { settings: { mutations_sync: 2 } });
    expect(await named()).toEqual(rollups);
    await rebuildRollups(warehouse(), DAY + 3_600_000);
    expect(await named()).toEqual([]);
    expect(await ledgerTotals(warehouse())).toEqual(before);
  });

  it('audits: a window that cuts a day leaves the daily rollups out', async () => {
    await warehouse().execute('TRUNCATE TABLE weir.usage_1d');
    const cut = { fromMs: DAY + 3_600_000, toMs: DAY + DAY_MS };
    expect(await compareRollups(warehouse(), cut, DAY + DAY_MS)).toEqual([]);
    await rebuildRollups(warehouse(), DAY);
    expect(await named()).toEqual([]);
  });
}
