import { WeirError } from '@weir/kernel';

export const HOUR_MS = 3_600_000;

/** A half-open window of event time, ms since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export const hourWindow = (from: number): Window => ({ from, to: from + HOUR_MS });

export const startOfHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

/** The starts of the hours in a window of whole hours. */
export function* hoursOf({ from, to }: Window): Generator<number> {
  for (let hour = from; hour < to; hour += HOUR_MS) yield hour;
}

/** `2026-11-22T14:00:00.000Z`. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** `2026-11-22 14:00:00.000`, as the warehouse reads and writes it. */
export const warehouseTime = (ms: number): string => isoTime(ms).replace('T', ' ').slice(0, 23);

export const fromWarehouseTime = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`);

/** `20261122T14`. */
export const compactHour = (ms: number): string => isoTime(ms).slice(0, 13).replaceAll('-', '');

/** `dt=2026-11-22/hour=14`. */
export const hourPartition = (ms: number): string => `dt=${isoTime(ms).slice(0, 10)}/hour=${isoTime(ms).slice(11, 13)}`;

/** The hour that `compactHour` or `hourPartition` named, or undefined. */
export function hourFromName(text: string): number | undefined {
  const match = /(\d{4})-?(\d{2})-?(\d{2})(?:T|\/hour=)(\d{2})/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:00:00.000Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `2026-11-22`, `2026-11-22T14` or `2026-11-22T14:00Z` in UTC. @throws WeirError `EXPORT_WINDOW`. */
export function parseHour(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2})(?::00(?::00(?:\.000)?)?)?Z?)?$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2] ?? '00'}:00:00.000Z`);
  // Date.parse accepts the 31st of June.
  if (Number.isNaN(ms) || !isoTime(ms).startsWith(match?.[1] ?? '?')) {
    throw new WeirError('EXPORT_WINDOW', `"${text}" is not a whole hour`, {
      fix: 'Write 2026-11-22T14 or 2026-11-22 (UTC).',
    });
  }
  return ms;
}

/** Later than any row. */
export const FAR_FUTURE = Date.UTC(2200, 0, 1);
