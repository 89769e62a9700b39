import { WeirError } from '@weir/kernel';
import { utcTime } from './utc-time.ts';

/** Members of a JSON object that are not yet known. */
export type Fields = Readonly<Record<string, unknown>>;

export function invalid(path: string, problem: string): WeirError {
  return new WeirError('PRICE_BOOK_INVALID', `price book: ${path} ${problem}`, { details: { path } });
}

export function fields(json: unknown, path: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(path, 'must be an object');
  return { ...json };
}

export function list(json: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(json)) throw invalid(path, 'must be a list');
  return json;
}

export function text(json: unknown, path: string): string {
  if (typeof json !== 'string' || json === '') throw invalid(path, 'must be text');
  return json;
}

export function texts(json: unknown, path: string): string[] {
  return list(json, path).map((entry) => text(entry, path));
}

export function whole(json: unknown, minimum: number, path: string): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < minimum) {
    throw invalid(path, `must be a whole number of at least ${minimum}`);
  }
  return json;
}

export function instant(json: unknown, path: string): string | null {
  if (json === null || json === undefined) return null;
  const value = text(json, path);
  if (Number.isNaN(utcTime(value))) throw invalid(path, 'must be a UTC date or instant');
  return value;
}

export function oneOf<const Choice extends string>(json: unknown, choices: readonly Choice[], path: string): Choice {
  const found = choices.find((choice) => choice === json);
  if (found === undefined) throw invalid(path, `must be one of ${choices.join(', ')}`);
  return found;
}

export function anchored(rule: string, path: string, both: boolean): string {
  if (!rule.startsWith('^') || (both && !rule.endsWith('$'))) throw invalid(path, `must be anchored: ${rule}`);
  try {
    new RegExp(rule);
  } catch {
    throw invalid(path, `is not a regular expression: ${rule}`);
  }
  return rule;
}
