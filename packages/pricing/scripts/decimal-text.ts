import { divideHalfEven, parseDecimal } from '@weir/kernel';
import type { RateEntry } from '../src/price-book-format.ts';

const SIGNIFICANT_DIGITS = 12;
const DECIMALS = 30;

/**
 * The decimal a list meant by a float: its shortest round-trip text, cut to 12 significant digits where that text is
 * longer (0.18000000000000002 is 0.18).
 */
export function decimalOfFloat(value: number): string {
  const shortest = plain(String(value));
  const digits = shortest.replace('.', '').replace(/^0+/, '');
  return digits.length > SIGNIFICANT_DIGITS ? plain(value.toPrecision(SIGNIFICANT_DIGITS)) : shortest;
}

/** Exact product of two decimal texts. */
export function multiplyDecimals(left: string, right: string): string {
  const a = parseDecimal(left);
  const b = parseDecimal(right);
  return textOf(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** -1, 0 or 1 for amount/per of two rates. */
export function compareRates(left: RateEntry, right: RateEntry): number {
  const a = parseDecimal(left[0]);
  const b = parseDecimal(right[0]);
  const difference = a.numerator * b.denominator * BigInt(right[1]) - b.numerator * a.denominator * BigInt(left[1]);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function plain(text: string): string {
  const { numerator, denominator } = parseDecimal(text);
  return textOf(numerator, denominator);
}

function textOf(numerator: bigint, denominator: bigint): string {
  const scaled = divideHalfEven(numerator * 10n ** BigInt(DECIMALS), denominator);
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -DECIMALS) : `${digits.slice(0, -DECIMALS)}.${fraction}`;
}
