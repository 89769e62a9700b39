import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { change, percent } from './counts.js';
import { exactUsd, picoFromText, shortUsd } from './money.js';

/** Canonical decimal text as the ledger prints it: no trailing zeros. */
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 26n), fc.bigInt(0n, 10n ** 12n - 1n))
  .map(([negative, whole, pico]) => {
    const fraction = pico.toString().padStart(12, '0').replace(/0+$/, '');
    const text = fraction === '' ? `${whole}` : `${whole}.${fraction}`;
    return negative && text !== '0' ? `-${text}` : text;
  });

const plain = (/** @type {string} */ text) => text.replace(/[$,]/g, '').replace('−', '-');

describe('money in the page', () => {
  it('shows exactly the text it was given (I4)', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        expect(plain(exactUsd(picoFromText(text)))).toBe(text);
      }),
    );
  });

  it('adds like decimal arithmetic', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 30n), fc.bigInt(0n, 10n ** 30n), (a, b) => {
        const text = (/** @type {bigint} */ pico) => plain(exactUsd(pico));
        expect(picoFromText(text(a)) + picoFromText(text(b))).toBe(picoFromText(text(a + b)));
      }),
    );
  });

  it('rounds the short form by less than one unit of its last digit, and never to zero', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 20n), 10n ** 20n), (pico) => {
        const shown = plain(shortUsd(pico));
        const places = shown.split('.')[1]?.length ?? 0;
        const unit = 10n ** BigInt(12 - places);
        const error = picoFromText(shown) - pico;
        expect(error < 0n ? -error : error).toBeLessThanOrEqual(unit / 2n);
        expect(picoFromText(shown) === 0n).toBe(pico === 0n);
      }),
    );
  });

  it.each([
    ['0', '$0.00'],
    ['1234567.899', '$1,234,567.90'],
    ['0.0253218', '$0.0253'],
    ['0.000179449', '$0.000179'],
    ['0.000000000001', '$0.000000000001'],
    ['-3.005', '−$3.01'],
  ])('shows %s as %s', (text, shown) => expect(shortUsd(picoFromText(text))).toBe(shown));

  it.each(['', '1e5', '.5', '1.', '0.1234567890123', 'NaN', '1,000'])('refuses %j', (text) => {
    expect(() => picoFromText(text)).toThrow(RangeError);
  });
});

describe('ratios of exact figures', () => {
  it('rounds percentages and never shows something as nothing', () => {
    expect([percent(1n, 3n), percent(0n, 3n), percent(1n, 100_000n), percent(0n, 0n), percent(3n, 3n)]).toEqual([
      '33.3 %',
      '0.0 %',
      '<0.1 %',
      '–',
      '100.0 %',
    ]);
  });

  it('compares with the period before', () => {
    expect([change(112n, 100n), change(97n, 100n), change(100n, 100n), change(5n, 0n), change(443n, 100n)]).toEqual([
      '+12 %',
      '−3 %',
      '±0 %',
      undefined,
      '+343 %',
    ]);
  });
});
