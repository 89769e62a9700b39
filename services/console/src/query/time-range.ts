import { integer, parameterError, type RawQuery, single } from './parameters.ts';

const SECOND_MS = 1000;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
};
const RANGE_MAX_MS = 400 * 86_400 * SECOND_MS;
const SLOTS_MAX = 500;
const SLOTS_WANTED = 120;
const STEPS_S = [1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 7 * 86_400];

/** Half-open span of event time: `fromMs` included, `toMs` not; ms since the Unix epoch. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

function readMoment(raw: RawQuery, name: string, fallback: string, nowMs: number): number {
  const text = single(raw, name) ?? fallback;
  const relative = /^now(?:-(\d{1,6})([smhd]))?$/.exec(text);
  if (relative !== null) return nowMs - Number(relative[1] ?? 0) * (UNIT_MS[relative[2] ?? 's'] ?? 0);
  // The date alone or with a time and a zone; a zoneless time would mean the server's own zone.
  const iso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const moment = iso ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw parameterError(name, text, 'a moment such as now, now-24h or 2026-01-31T08:00:00Z', [
      'now',
      'now-1h',
      'now-24h',
    ]);
  }
  return moment;
}

/**
 * Reads `from` (default now-24h) and `to` (default now).
 * @throws WeirError `CONSOLE_PARAMETER` when malformed, empty, reversed or longer than 400 days.
 */
export function readTimeRange(raw: RawQuery, nowMs: number): TimeRange {
  const fromMs = readMoment(raw, 'from', 'now-24h', nowMs);
  const toMs = readMoment(raw, 'to', 'now', nowMs);
  if (fromMs >= toMs) throw parameterError('from', single(raw, 'from') ?? 'now-24h', 'before to');
  if (toMs - fromMs > RANGE_MAX_MS)
    throw parameterError('from', single(raw, 'from') ?? '', 'at most 400 days before to');
  return { fromMs, toMs };
}

/** The period of equal length that ends where this one begins. */
export function previousPeriod({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: fromMs - (toMs - fromMs), toMs: fromMs };
}

/** Reads `step` in seconds; by default the step that cuts the range into at most 120 slots. */
export function readStep(raw: RawQuery, { fromMs, toMs }: TimeRange): number {
  const seconds = (toMs - fromMs) / SECOND_MS;
  const fitting = STEPS_S.find((step) => seconds / step <= SLOTS_WANTED) ?? 7 * 86_400;
  const step = integer(raw, 'step', fitting, 1, 31 * 86_400);
  if (seconds / step > SLOTS_MAX) throw parameterError('step', `${step}`, `long enough for at most ${SLOTS_MAX} slots`);
  return step;
}

/** Starts of the slots that cover a range, seconds since the epoch; slots are aligned to the epoch. */
export function slotStarts({ fromMs, toMs }: TimeRange, stepSeconds: number): readonly number[] {
  const first = Math.floor(fromMs / SECOND_MS / stepSeconds) * stepSeconds;
  const count = Math.ceil((toMs / SECOND_MS - first) / stepSeconds);
  return Array.from({ length: count }, (_, index) => first + index * stepSeconds);
}

/** A moment as ClickHouse reads it for a `DateTime64(3, 'UTC')` parameter. */
export function clickhouseMoment(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
