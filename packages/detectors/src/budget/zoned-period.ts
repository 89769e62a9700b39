/** Half-open: `start` belongs to the period, `end` to the next one. Milliseconds since the epoch. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month'] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A function from a moment to the calendar period of a time zone that holds it; days have 23 or 25 h where clocks change. */
export function createZonedPeriods(unit: CalendarUnit, timeZone: string): (ts: number) => TimeSpan {
  const offsetAt = createZoneOffset(timeZone);
  let last: TimeSpan = { start: 0, end: 0 };
  return (ts) => {
    // Nearly every event is of the same period as the one before it: asking the time zone costs microseconds.
    if (ts < last.start || ts >= last.end) last = periodAt(ts, unit, offsetAt);
    return last;
  };
}

/** @throws RangeError when the runtime knows no such time zone. */
function createZoneOffset(timeZone: string): (ts: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ts) => {
    const parts = new Map(format.formatToParts(ts).map(({ type, value }) => [type, Number(value)]));
    const field = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const local = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    );
    return local - Math.floor(ts / 1_000) * 1_000;
  };
}

function periodAt(ts: number, unit: CalendarUnit, offsetAt: (ts: number) => number): TimeSpan {
  const offset = offsetAt(ts);
  const local = ts + offset;
  if (unit === 'hour') {
    // An hour is an hour of time: the one that a clock change repeats counts as two.
    const start = Math.floor(local / HOUR_MS) * HOUR_MS - offset;
    return { start, end: start + HOUR_MS };
  }
  const day = Math.floor(local / DAY_MS) * DAY_MS;
  const [first, next] = localBounds(day, unit);
  return { start: toUtc(first, offsetAt), end: toUtc(next, offsetAt) };
}

/** Local midnights that bound the period of a local day, as if local time were UTC. */
function localBounds(day: number, unit: Exclude<CalendarUnit, 'hour'>): readonly [number, number] {
  if (unit === 'day') return [day, day + DAY_MS];
  const date = new Date(day);
  if (unit === 'week') {
    const monday = day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
    return [monday, monday + 7 * DAY_MS];
  }
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
}

/** The first moment whose local time is at or after `local`: where clocks skip midnight, the day starts later. */
function toUtc(local: number, offsetAt: (ts: number) => number): number {
  const before = local - offsetAt(local - DAY_MS);
  const after = local - offsetAt(local + DAY_MS);
  for (const candidate of [Math.min(before, after), Math.max(before, after)]) {
    if (candidate + offsetAt(candidate) === local) return candidate;
  }
  // Skipped: the change itself lies between the two candidates.
  let [low, high] = [Math.min(before, after), Math.max(before, after)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offsetAt(middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}
