import { parseDecimal, type Rational } from '@weir/kernel';
import type { RateEntries, RateEntry, RateUnit } from './price-book-format.ts';
import { utcTime } from './utc-time.ts';

/** A rate ready to multiply: `pico` when one unit costs a whole number of pico-dollars, else `exact`. */
export interface CompiledRate {
  readonly unit: RateUnit;
  readonly amount: string;
  readonly per: number;
  readonly rateId: string;
  /** Pico-dollars for one unit; null when that is not a whole number. */
  readonly pico: bigint | null;
  /** Pico-dollars for one unit, exactly. */
  readonly exact: Rational;
  /** The least quantity billed per request; 0 when there is none. */
  readonly minimum: number;
}

export type CompiledRates = Readonly<Partial<Record<RateUnit, CompiledRate>>>;

const PICO_PER_USD = 10n ** 12n;

export function compileRates(entries: RateEntries, rateId: string): CompiledRates {
  const rates: Partial<Record<RateUnit, CompiledRate>> = {};
  for (const [unit, entry] of Object.entries(entries) as [RateUnit, RateEntry][]) {
    rates[unit] = compileRate(unit, entry, rateId);
  }
  return rates;
}

function compileRate(unit: RateUnit, [amount, per, minimum = 0]: RateEntry, rateId: string): CompiledRate {
  const usd = parseDecimal(amount);
  const numerator = usd.numerator * PICO_PER_USD;
  const denominator = usd.denominator * BigInt(per);
  const whole = numerator % denominator === 0n;
  const pico = whole ? numerator / denominator : null;
  return { unit, amount, per, rateId, pico, exact: { numerator, denominator }, minimum };
}

export const startOf = (time: string | null): number => (time === null ? -Infinity : utcTime(time));
export const endOf = (time: string | null): number => (time === null ? Infinity : utcTime(time));
