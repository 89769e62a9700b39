/** Half-open: `start` belongs to the period, `end` to the next one. Milliseconds since the epoch. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * A function from a moment to the calendar period of a time zone that holds it; days have 23 or 25 h where clocks change.
 * @param startsOn day of the week (1 is Monday), or of the month on which a month, a quarter or a year begins: in a month that is
 * shorter, its last day.
 */
export function createZonedPeriods(unit: CalendarUnit, timeZone: string, startsOn = 1): (ts: number) => TimeSpan {
  const offsetAt = createZoneOffset(timeZone);
  let last: TimeSpan = { start: 0, end: 0 };
  return (ts) => {
    // Nearly every event is of the same period as the one before it: asking the time zone costs microseconds.
    if (ts < last.start || ts >= last.end) last = periodAt(ts, unit, startsOn, offsetAt);
    return last;
  };
}

/** Milliseconds that the clock of a time zone is ahead of UTC at a moment. @throws RangeError when the runtime knows no such time zone. */
export function createZoneOffset(timeZone: string): (ts: number) => number {
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

function periodAt(ts: number, unit: CalendarUnit, startsOn: number, offsetAt: (ts: number) => number): TimeSpan {
  const offset = offsetAt(ts);
  const local = ts + offset;
  if (unit === 'hour') {
    // An hour is an hour of time: the one that a clock change repeats counts as two.
    const start = Math.floor(local / HOUR_MS) * HOUR_MS - offset;
    return { start, end: start + HOUR_MS };
  }
  const day = Math.floor(local / DAY_MS) * DAY_MS;
  const [first, next] = localBounds(day, unit, startsOn);
  return { start: toUtc(first, offsetAt), end: toUtc(next, offsetAt) };
}

/** Local midnights that bound the period of a local day, as if local time were UTC. */
function localBounds(day: number, unit: Exclude<CalendarUnit, 'hour'>, startsOn: number): readonly [number, number] {
  if (unit === 'day') return [day, day + DAY_MS];
  const date = new Date(day);
  if (unit === 'week') {
    const first = day - ((date.getUTCDay() + 7 - (startsOn % 7)) % 7) * DAY_MS;
    return [first, first + 7 * DAY_MS];
  }
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  const count = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const first = Math.floor(count / months) * months;
  if (day < dayOfMonth(first, startsOn)) return [dayOfMonth(first - months, startsOn), dayOfMonth(first, startsOn)];
  return [dayOfMonth(first, startsOn), dayOfMonth(first + months, startsOn)];
}

/** Midnight of a day of a month that is counted from year 0; the last day where the month is shorter. */
function dayOfMonth(month: number, day: number): number {
  const [year, inYear] = [Math.floor(month / 12), month % 12];
  const last = new Date(Date.UTC(year, inYear + 1, 0)).getUTCDate();
  return Date.UTC(year, inYear, Math.min(day, last));
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
