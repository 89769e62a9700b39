import { picoFromText, picoToText } from '@weir/kernel';
import { count, flag, measured, money, text } from '../query/decode.ts';
import type { Dimension } from '../query/dimensions.ts';
import type { Ledger } from '../query/ledger.ts';
import type { Scope } from '../query/scope.ts';
import { type Measure, seriesStatement } from '../query/series-statement.ts';
import type { Row } from '../query/statement.ts';
import { slotStarts } from '../query/time-range.ts';
import type { Series, SeriesAnswer } from './answers.ts';
import { isoPeriod } from './moments.ts';

type Value = string | number | null;

interface Growing {
  readonly name: string;
  readonly other: boolean;
  readonly values: Value[];
  readonly unpriced: number[];
  /** True once a row brought a value: then the sum of known values means something. */
  known: boolean;
  requests: number;
}

function readValue(row: Row, measure: Measure): Value {
  if (measure === 'spend') return money(row, 'value');
  return measure === 'latency_p95' ? measured(row['value'], 'value') : count(row, 'value');
}

function totalOf(measure: Measure, { values, known }: Growing): Value {
  if (measure === 'latency_p95' || !known) return null;
  if (measure !== 'spend') return values.reduce<number>((sum, value) => sum + Number(value), 0);
  return picoToText(values.reduce<bigint>((sum, value) => sum + (value === null ? 0n : picoFromText(`${value}`)), 0n));
}

/** Size of a series for the order: pico-dollars or counts; latency has no sum, so the busiest come first. */
function sizeOf(measure: Measure, total: Value, requests: number): bigint {
  if (measure === 'latency_p95') return BigInt(requests);
  if (total === null) return -1n;
  return typeof total === 'string' ? picoFromText(total) : BigInt(total);
}

function compareSizes(a: { series: Series; size: bigint }, b: { series: Series; size: bigint }): number {
  if (a.series.other !== b.series.other) return a.series.other ? 1 : -1;
  if (a.size !== b.size) return a.size < b.size ? 1 : -1;
  return a.series.name < b.series.name ? -1 : 1;
}

/**
 * Rows of the series statement as dense series: a slot without requests is 0, or null for latency, where nothing was
 * measured. Largest series first, "other" last.
 */
export function denseSeries(rows: readonly Row[], slots: readonly number[], measure: Measure): readonly Series[] {
  const places = new Map(slots.map((slot, index) => [slot, index]));
  const empty: Value = measure === 'spend' ? '0' : measure === 'latency_p95' ? null : 0;
  const byKey = new Map<string, Growing>();
  for (const row of rows) {
    const other = !flag(row, 'is_named');
    const name = text(row, 'name');
    const key = `${other ? 'other' : 'named'} ${name}`;
    const series = byKey.get(key) ?? {
      name,
      other,
      values: slots.map(() => empty),
      unpriced: slots.map(() => 0),
      known: false,
      requests: 0,
    };
    byKey.set(key, series);
    const place = places.get(count(row, 'slot'));
    if (place === undefined) continue;
    const value = readValue(row, measure);
    series.values[place] = value;
    series.known ||= value !== null;
    series.requests += count(row, 'requests');
    series.unpriced[place] = count(row, 'unpriced');
  }
  return [...byKey.values()]
    .map((growing) => {
      const { known: _, requests, ...dense } = growing;
      const total = totalOf(measure, growing);
      return { series: { ...dense, total }, size: sizeOf(measure, total, requests) };
    })
    .sort(compareSizes)
    .map(({ series }) => series);
}

/** `GET /api/series`: one measure over time, by the largest values of a dimension. */
export async function series(
  ledger: Ledger,
  scope: Scope,
  question: { readonly by: Dimension; readonly measure: Measure; readonly stepSeconds: number },
  signal: AbortSignal,
): Promise<SeriesAnswer> {
  const { by, measure, stepSeconds } = question;
  const statement = seriesStatement(scope, by, measure, stepSeconds);
  const rows = await ledger.rows(statement, 'series', signal);
  const slots = slotStarts(scope.range, stepSeconds);
  return {
    period: isoPeriod(scope.range),
    by,
    measure,
    step_seconds: stepSeconds,
    slots,
    series: denseSeries(rows, slots, measure),
    unpriced: rows.reduce((sum, row) => sum + count(row, 'unpriced'), 0),
    ...statement,
  };
}
