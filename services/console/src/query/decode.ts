import { WeirError } from '@weir/kernel';
import type { Row } from './statement.ts';

function unexpected(column: string, value: unknown): WeirError {
  return new WeirError('CONSOLE_ROW', `column ${column} is a ${value === null ? 'null' : typeof value}`, {
    fix: 'Apply the migrations of this version to the warehouse.',
    details: { column },
  });
}

/** A text column. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(column, value);
  return value;
}

/** A count: a whole number below 2^53, sent as a number or, for 64-bit columns, as text. */
export function count(row: Row, column: string): number {
  const value = row[column];
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw unexpected(column, value);
  return number;
}

/** Money: decimal text, or null when unknown. A number here would already have lost digits, so it is refused (I4). */
export function money(row: Row, column: string): string | null {
  const value = row[column];
  if (value === null) return null;
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?$/.test(value)) throw unexpected(column, value);
  return value;
}

/** A measured quantity such as a quantile; null when nothing was measured. */
export function measured(value: unknown, column: string): number | null {
  if (value === null) return null;
  if (typeof value !== 'number') throw unexpected(column, value);
  return Number.isFinite(value) ? value : null;
}

/** An array column. */
export function list(row: Row, column: string): readonly unknown[] {
  const value = row[column];
  if (!Array.isArray(value)) throw unexpected(column, value);
  return value;
}

/** The values of an array of named tuples, each as a row of its own. */
export function records(value: unknown, column: string): readonly Row[] {
  if (Array.isArray(value) && value.every((item): item is Row => typeof item === 'object' && item !== null))
    return value;
  throw unexpected(column, value);
}

/** A flag, sent as a boolean or as 0 and 1. */
export function flag(row: Row, column: string): boolean {
  const value = row[column];
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw unexpected(column, value);
}
