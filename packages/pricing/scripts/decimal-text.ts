import { parseDecimal } from '@weir/kernel';
import { decimalOf } from '../src/decimals.ts';
import type { RateEntry } from '../src/price-book-format.ts';

const SIGNIFICANT_DIGITS = 12;

/**
 * The decimal a list meant by a float: its shortest round-trip text, cut to 12 significant digits where that text is
 * longer (0.18000000000000002 is 0.18).
 */
export function decimalOfFloat(value: number): string {
  const shortest = plain(String(value));
  const digits = shortest.replace('.', '').replace(/^0+/, '');
  return digits.length > SIGNIFICANT_DIGITS ? plain(value.toPrecision(SIGNIFICANT_DIGITS)) : shortest;
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
  return decimalOf(numerator, denominator);
}
