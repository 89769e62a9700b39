import { divideHalfEven, parseDecimal } from '@weir/kernel';

const DECIMALS = 30;

/** Exact product of two decimal texts. */
export function multiplyDecimals(left: string, right: string): string {
  const a = parseDecimal(left);
  const b = parseDecimal(right);
  return decimalOf(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** A fraction as decimal text, to 30 decimals. */
export function decimalOf(numerator: bigint, denominator: bigint): string {
  const scaled = divideHalfEven(numerator * 10n ** BigInt(DECIMALS), denominator);
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -DECIMALS) : `${digits.slice(0, -DECIMALS)}.${fraction}`;
}
