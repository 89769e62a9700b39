import { nearest, WeirError } from '@weir/kernel';

/** A parsed query string: a repeated name gives an array. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A 400 that names the field and the value, and the known word nearest to it. */
export function parameterError(
  field: string,
  value: string,
  expected: string,
  known: readonly string[] = [],
): WeirError {
  const suggestion = nearest(value, known);
  const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value;
  return new WeirError('CONSOLE_PARAMETER', `${field}: "${shown}" is not ${expected}`, {
    fix: suggestion === undefined ? `Give ${expected}.` : `Did you mean "${suggestion}"?`,
    details: { field, value: shown, ...(suggestion === undefined ? {} : { nearest: suggestion }) },
  });
}

/** @throws WeirError `CONSOLE_PARAMETER` for the first name that is not in `known`. */
export function refuseUnknown(raw: RawQuery, known: readonly string[]): void {
  for (const name of Object.keys(raw)) {
    if (!known.includes(name)) throw parameterError('parameter', name, `one of ${known.join(', ')}`, known);
  }
}

/** The value of a parameter that may be given once; undefined when absent or empty. */
export function single(raw: RawQuery, name: string): string | undefined {
  const value = raw[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw parameterError(name, value.join(','), 'a single value');
  return value;
}

/** The value of a parameter with a closed set of words. */
export function oneOf<const Word extends string>(
  raw: RawQuery,
  name: string,
  words: readonly Word[],
  fallback: Word,
): Word {
  const value = single(raw, name);
  if (value === undefined) return fallback;
  const found = words.find((word) => word === value);
  if (found === undefined) throw parameterError(name, value, `one of ${words.join(', ')}`, words);
  return found;
}

/** The value of a whole-number parameter within bounds. */
export function integer(raw: RawQuery, name: string, fallback: number, minimum: number, maximum: number): number {
  const value = single(raw, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= minimum && number <= maximum) return number;
  throw parameterError(name, value, `a whole number from ${minimum} to ${maximum}`);
}
