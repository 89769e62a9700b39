import { picoFromText } from '@weir/kernel';
import type { Warehouse } from '../warehouse.ts';

/** Sums of one source over one period; `costUsd` in pico-dollars. */
export interface PeriodSums {
  readonly requests: bigint;
  readonly unpriced: bigint;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly costUsd: bigint;
}

/** A rollup that does not say of a period what the ledger says. */
export interface RollupDrift {
  /** A table, with a dimension where it sums each dimension apart: `usage_1h`, `usage_dim_1h/feature`. */
  readonly rollup: string;
  /** Start of the hour or day, ISO 8601. */
  readonly period: string;
  readonly ledger: PeriodSums;
  readonly found: PeriodSums;
}

/** Half-open, in milliseconds since the epoch. */
export interface AuditWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export const DAY_MS = 86_400_000;
/** Rollups by minute and facets are dropped after 90 days (infra/clickhouse/migrations/0002_rollups.sql). */
const SHORT_LIVED_MS = 89 * DAY_MS;
const ZERO: PeriodSums = { requests: 0n, unpriced: 0n, inputTokens: 0n, outputTokens: 0n, costUsd: 0n };

interface Source {
  readonly name: string;
  readonly period: 'hour' | 'day';
  readonly sql: string;
  readonly shortLived?: boolean;
  /** Facets count requests and nothing else. */
  readonly onlyRequests?: boolean;
}

const SUMS = `toString(sum(requests)) AS requests, toString(sum(unpriced)) AS unpriced,
  toString(sum(input_tokens)) AS input, toString(sum(output_tokens)) AS output, toString(sum(cost_usd)) AS usd`;
const WINDOW = `>= fromUnixTimestamp64Milli({from:Int64}, 'UTC')`;
const inWindow = (column: string): string =>
  `${column} ${WINDOW} AND ${column} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`;

/** What the ledger says by hour, corrections included: what every rollup must add up to. */
const LEDGER = `SELECT toUnixTimestamp(hour) AS period, ${SUMS} FROM (
  SELECT toStartOfHour(ts) AS hour, 1 AS requests, isNull(r.cost_usd) AS unpriced, input_tokens, output_tokens,
    toDecimal128(ifNull(r.cost_usd, 0), 12) AS cost_usd
  FROM requests AS r FINAL WHERE revision = 1 AND ${inWindow('ts')}
  UNION ALL
  SELECT toStartOfHour(ts), 0, unpriced_delta, 0, 0, toDecimal128(delta_usd, 12)
  FROM cost_adjustments FINAL WHERE ${inWindow('ts')}
) GROUP BY hour`;

const rollup = (name: string, column: string, period: 'hour' | 'day', where = '', shortLived = false): Source => ({
  name: where === '' ? name : `${name}/${where}`,
  period,
  shortLived,
  sql: `SELECT toUnixTimestamp(${period === 'hour' ? `toStartOfHour(${column})` : `toStartOfDay(${column}, 'UTC')`}) AS period, ${SUMS}
    FROM ${name} WHERE ${inWindow(column)}${where === '' ? '' : ` AND dimension = '${where}'`} GROUP BY period`,
});

const facet = (dimension: string): Source => ({
  name: `facets_1h/${dimension}`,
  period: 'hour',
  shortLived: true,
  onlyRequests: true,
  sql: `SELECT toUnixTimestamp(hour) AS period, toString(sum(requests)) AS requests
    FROM facets_1h WHERE ${inWindow('hour')} AND dimension = '${dimension}' GROUP BY period`,
});

const SOURCES: readonly Source[] = [
  rollup('usage_1m', 'minute', 'hour', '', true),
  rollup('usage_1h', 'hour', 'hour'),
  rollup('usage_1d', 'day', 'day'),
  rollup('usage_dim_1h', 'hour', 'hour', 'feature'),
  rollup('usage_dim_1h', 'hour', 'hour', 'api_key_id'),
  rollup('usage_dim_1h', 'hour', 'hour', 'prompt_fp'),
  rollup('usage_user_1d', 'day', 'day'),
  facet('provider'),
  facet('feature'),
];

/**
 * Compares every rollup with the rows it sums, by hour or day, over whole hours; daily rollups only where the window
 * holds the whole day. An insert in flight shows as drift: ask while the loader is at rest, or of closed hours, or twice.
 */
export async function compareRollups(warehouse: Warehouse, window: AuditWindow, nowMs: number): Promise<RollupDrift[]> {
  const ledger = await sumsOf(warehouse, LEDGER, window, false);
  const drifts: RollupDrift[] = [];
  for (const source of SOURCES) {
    const seen = source.period === 'day' ? wholeDays(window) : window;
    const fromMs = source.shortLived === true ? Math.max(seen.fromMs, nowMs - SHORT_LIVED_MS) : seen.fromMs;
    if (fromMs >= seen.toMs) continue;
    const bounds = { fromMs, toMs: seen.toMs };
    const found = await sumsOf(warehouse, source.sql, bounds, source.onlyRequests === true);
    drifts.push(...driftsOf(source, expected(ledger, source, bounds), found));
  }
  return drifts;
}

const wholeDays = ({ fromMs, toMs }: AuditWindow): AuditWindow => ({
  fromMs: Math.ceil(fromMs / DAY_MS) * DAY_MS,
  toMs: Math.floor(toMs / DAY_MS) * DAY_MS,
});

function expected(
  ledger: ReadonlyMap<number, PeriodSums>,
  source: Source,
  { fromMs, toMs }: AuditWindow,
): Map<number, PeriodSums> {
  const sums = new Map<number, PeriodSums>();
  for (const [hourMs, sum] of ledger) {
    if (hourMs < fromMs || hourMs >= toMs) continue;
    const period = source.period === 'hour' ? hourMs : Math.floor(hourMs / DAY_MS) * DAY_MS;
    const visible = source.onlyRequests === true ? { ...ZERO, requests: sum.requests } : sum;
    sums.set(period, add(sums.get(period) ?? ZERO, visible));
  }
  return sums;
}

function driftsOf(
  { name }: Source,
  expectedSums: ReadonlyMap<number, PeriodSums>,
  found: ReadonlyMap<number, PeriodSums>,
): RollupDrift[] {
  const periods = [...new Set([...expectedSums.keys(), ...found.keys()])].sort((a, b) => a - b);
  return periods.flatMap((period) => {
    const ledger = expectedSums.get(period) ?? ZERO;
    const sums = found.get(period) ?? ZERO;
    if (equal(ledger, sums)) return [];
    return [{ rollup: name, period: new Date(period).toISOString(), ledger, found: sums }];
  });
}

interface SumsRow {
  readonly period: number;
  readonly requests: string;
  readonly unpriced?: string;
  readonly input?: string;
  readonly output?: string;
  readonly usd?: string;
}

async function sumsOf(
  warehouse: Warehouse,
  sql: string,
  { fromMs, toMs }: AuditWindow,
  onlyRequests: boolean,
): Promise<Map<number, PeriodSums>> {
  const result = await warehouse.query(sql, { params: { from: fromMs, to: toMs } });
  return new Map(
    result.rows<SumsRow>().map((row) => {
      const requests = BigInt(row.requests);
      const sums = onlyRequests
        ? { ...ZERO, requests }
        : {
            requests,
            unpriced: BigInt(row.unpriced ?? 0),
            inputTokens: BigInt(row.input ?? 0),
            outputTokens: BigInt(row.output ?? 0),
            costUsd: picoFromText(row.usd ?? '0'),
          };
      return [Number(row.period) * 1_000, sums];
    }),
  );
}

const KEYS = ['requests', 'unpriced', 'inputTokens', 'outputTokens', 'costUsd'] as const;
const equal = (a: PeriodSums, b: PeriodSums): boolean => KEYS.every((key) => a[key] === b[key]);
const add = (a: PeriodSums, b: PeriodSums): PeriodSums => ({
  requests: a.requests + b.requests,
  unpriced: a.unpriced + b.unpriced,
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  costUsd: a.costUsd + b.costUsd,
});
