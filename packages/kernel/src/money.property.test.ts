import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideHalfEven, parseDecimal, picoFromText, picoToText } from './money.ts';

describe('I4 exact money', () => {
  it('writes and reads every amount back to the last digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (amount) => {
        expect(picoFromText(picoToText(amount))).toBe(amount);
      }),
    );
  });

  it('rounds half to even, never further than half a unit', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 18n }), (numerator, denominator) => {
        const quotient = divideHalfEven(numerator, denominator);
        const distance = numerator - quotient * denominator;
        const twice = distance < 0n ? -2n * distance : 2n * distance;
        expect(twice <= denominator).toBe(true);
        if (twice === denominator) expect(quotient % 2n).toBe(0n);
      }),
    );
  });

  it.each([
    ['2.5e-6', '0.0000025'],
    ['0.0000000000005', '0'],
    ['0.0000000000015', '0.000000000002'],
    ['-1.50', '-1.5'],
    ['1e3', '1000'],
  ])('reads %s as %s', (text, expected) => {
    expect(picoToText(picoFromText(text))).toBe(expected);
  });

  it.each(['', 'abc', '1.2.3', '0x10', 'NaN', '1e999'])('refuses %j', (text) => {
    expect(() => parseDecimal(text)).toThrowError(expect.objectContaining({ code: 'MONEY_SYNTAX' }));
  });
});
