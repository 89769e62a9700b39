import type { TimeRange } from '../query/time-range.ts';
import type { Period } from './answers.ts';

/** A range as ISO 8601 texts. */
export function isoPeriod({ fromMs, toMs }: TimeRange): Period {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** A `DateTime64(3, 'UTC')` as ClickHouse prints it (`2026-11-24 15:00:00.000`), in ISO 8601. */
export function isoMoment(clickhouse: string): string {
  return `${clickhouse.replace(' ', 'T')}Z`;
}
