const LOCAL = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/;

/** A date or instant as ms since the epoch; without a zone it is UTC, wherever this runs. NaN when it is none. */
export function utcTime(text: string): number {
  const [, date, time] = LOCAL.exec(text.trim()) ?? [];
  return Date.parse(date === undefined ? text : `${date}T${time}Z`);
}
