import { EMPTY_USAGE, type TokenUsage, type UsageUnits } from '@weir/usage';
import type { JsonObject } from './json-object.ts';

export type MutableUsage = { -readonly [Key in keyof TokenUsage]: TokenUsage[Key] };
export type MutableUnits = { -readonly [Key in keyof UsageUnits]: UsageUnits[Key] };

/** Usage of one object in normal form. */
export interface NormalizedUsage {
  /** Null when the object holds no count at all. */
  readonly usage: TokenUsage | null;
  /** What is billed, where that differs from the gross counts. */
  readonly billedUsage: TokenUsage | null;
  /** Only where one response bills several models or iterations. */
  readonly parts: readonly { readonly model: string; readonly usage: TokenUsage }[];
  /** Rules that were broken or applied. */
  readonly flags: readonly string[];
}

/** Beyond any real call, and small enough that sums stay safe integers. */
const MAX_COUNT = 1e12;

export const NOTHING: NormalizedUsage = Object.freeze({ usage: null, billedUsage: null, parts: [], flags: [] });

/** Reads counts out of one usage object and remembers what was wrong with them. */
export class CountReader {
  readonly flags: string[] = [];
  /** True when at least one count was there. */
  found = false;

  /** The first member of `keys` that holds a count; undefined when none does. Bad counts are 0 and flagged. */
  optional(object: JsonObject | undefined, ...keys: readonly string[]): number | undefined {
    if (object === undefined) return undefined;
    for (const key of keys) {
      const value = object[key];
      if (value === undefined || value === null) continue;
      const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      this.found = true;
      if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MAX_COUNT) return count;
      this.flag('invalid_count');
      return 0;
    }
    return undefined;
  }

  count(object: JsonObject | undefined, ...keys: readonly string[]): number {
    return this.optional(object, ...keys) ?? 0;
  }

  /** A non-negative measure that may have a fraction, such as seconds; undefined when absent. */
  measure(object: JsonObject | undefined, key: string): number | undefined {
    const value = object?.[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    this.flag('invalid_count');
    return undefined;
  }

  /** Limits a part to its whole, and says so. */
  clamp(part: number, whole: number, flag: string): number {
    if (part <= whole) return part;
    this.flag(flag);
    return whole;
  }

  flag(name: string): void {
    if (!this.flags.includes(name)) this.flags.push(name);
  }

  /** The finished result of one object. */
  finish(usage: MutableUsage, more: Partial<Omit<NormalizedUsage, 'usage' | 'flags'>> = {}): NormalizedUsage {
    const empty = !this.found && Object.keys(usage.units).length === 0;
    return { usage: empty ? null : usage, billedUsage: null, parts: [], ...more, flags: this.flags };
  }
}

/** A fresh usage to fill in. */
export function emptyUsage(): MutableUsage {
  return { ...EMPTY_USAGE, units: {} };
}

/** Sets a unit only when it is above 0, since a missing key means none were reported. */
export function setUnit(units: MutableUnits, key: keyof UsageUnits, value: number | undefined): void {
  if (value !== undefined && value > 0) units[key] = value;
}

/** Field by field sum; units are added too. */
export function addUsage(left: TokenUsage, right: TokenUsage): TokenUsage {
  const sum: MutableUsage = { ...left };
  for (const key of Object.keys(EMPTY_USAGE) as (keyof TokenUsage)[]) {
    if (key !== 'units') sum[key] = left[key] + right[key];
  }
  const units: MutableUnits = { ...left.units };
  for (const [key, value] of Object.entries(right.units)) {
    const unit = key as keyof UsageUnits;
    units[unit] = (units[unit] ?? 0) + value;
  }
  sum.units = units;
  return sum;
}
