import { WeirError } from './errors.ts';

/** An amount of money in pico-dollars (1e-12 USD). Sums of it are exact; no float touches money (I4). */
export type PicoUsd = bigint;

export const PICO_DIGITS = 12;
const PICO_PER_USD = 10n ** 12n;
const DECIMAL_TEXT = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** An exact fraction; `denominator` is always positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Parses decimal text (`"0.0000025"`, `"2.5e-6"`) into an exact fraction.
 * @throws WeirError `MONEY_SYNTAX` for anything else.
 */
export function parseDecimal(text: string): Rational {
  const match = DECIMAL_TEXT.exec(text.trim());
  if (match === null) {
    throw new WeirError('MONEY_SYNTAX', `not a decimal number: "${text}"`, { fix: 'Write it like 12.34.' });
  }
  const [, sign = '', whole = '0', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText) - fraction.length;
  const digits = BigInt(sign + whole + fraction);
  if (Math.abs(exponent) > 400) throw new WeirError('MONEY_SYNTAX', `exponent out of range: "${text}"`);
  return exponent >= 0
    ? { numerator: digits * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-exponent) };
}

/** numerator / denominator, rounded half to even. `denominator` must be positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return quotient;
  const twice = remainder < 0n ? -remainder * 2n : remainder * 2n;
  const away = numerator < 0n ? -1n : 1n;
  if (twice > denominator) return quotient + away;
  if (twice < denominator) return quotient;
  return quotient % 2n === 0n ? quotient : quotient + away;
}

/**
 * Decimal USD text to pico-dollars, rounded half to even at the 12th digit.
 * @throws WeirError `MONEY_SYNTAX` when the text is not a decimal number.
 */
export function picoFromText(text: string): PicoUsd {
  const { numerator, denominator } = parseDecimal(text);
  return divideHalfEven(numerator * PICO_PER_USD, denominator);
}

/** Pico-dollars to the shortest exact decimal text: `1234500000000n` is `"1.2345"`, `0n` is `"0"`. */
export function picoToText(amount: PicoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const magnitude = amount < 0n ? -amount : amount;
  const whole = magnitude / PICO_PER_USD;
  const fraction = (magnitude % PICO_PER_USD).toString().padStart(PICO_DIGITS, '0').replace(/0+$/, '');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
