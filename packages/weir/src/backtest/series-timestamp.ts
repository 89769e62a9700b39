/** Timestamps as monitoring systems write them: ISO 8601 with a space or a T, month/day/year, or a number since the epoch. */
const ISO =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?: ?([AP])M)?)?$/i;
const EPOCH = /^\d{9,16}(?:\.\d+)?$/;

/** Milliseconds since the epoch; undefined for what is no time. Without a zone it is UTC. */
export function parseTimestamp(text: string): number | undefined {
  if (EPOCH.test(text)) return fromEpoch(Number(text));
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction, zone] = iso;
    const time = utc([year, month, day], [hour, minute, second], fraction);
    return time === undefined ? undefined : time - offsetMs(zone);
  }
  const american = AMERICAN.exec(text);
  if (american === null) return undefined;
  const [, month, day, year, hour, minute, second, fraction, half] = american;
  const hours = half === undefined ? hour : String((Number(hour) % 12) + (half.toUpperCase() === 'P' ? 12 : 0));
  return utc([year, month, day], [hours, minute, second], fraction);
}

/** Seconds, milliseconds or microseconds: told apart by their size for any time after 1973. */
function fromEpoch(count: number): number {
  if (count < 1e11) return count * 1_000;
  return count < 1e14 ? count : count / 1_000;
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || /^(Z|UTC)$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

type Part = string | undefined;

function utc(date: readonly Part[], clock: readonly Part[], fraction: Part): number | undefined {
  const [year = 0, month = 0, day = 0] = date.map(Number);
  const [hour = 0, minute = 0, second = 0] = clock.map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 60) return undefined;
  // The day before the first of the next month is the month's last.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) + Number(`0.${fraction ?? 0}`) * 1_000;
}
