import { picoFromText, picoToText } from '@weir/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseSeries } from './series.ts';

const SLOTS = [0, 60, 120, 180];
const spend = fc.option(fc.bigInt(0n, 10n ** 17n).map(picoToText), { nil: null, freq: 4 });
const rows = fc.uniqueArray(
  fc.record({
    slot: fc.constantFrom(...SLOTS),
    is_named: fc.constantFrom(0, 1),
    name: fc.constantFrom('a', 'b', ''),
    value: spend,
    requests: fc.integer({ min: 1, max: 9 }),
    unpriced: fc.integer({ min: 0, max: 3 }),
  }),
  { selector: (row) => `${row.slot} ${row.is_named} ${row.name}` },
);

describe('denseSeries', () => {
  it('keeps every digit of every amount, and adds none to an unknown cost (I4, I5)', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const series = denseSeries(given, SLOTS, 'spend');
        for (const row of given) {
          const found = series.find((one) => one.name === row.name && one.other === (row.is_named === 0));
          expect(found?.values[SLOTS.indexOf(row.slot)]).toBe(row.value);
        }
        const total = series.reduce((sum, one) => sum + (one.total === null ? 0n : picoFromText(`${one.total}`)), 0n);
        expect(total).toBe(given.reduce((sum, row) => sum + (row.value === null ? 0n : picoFromText(row.value)), 0n));
        for (const one of series) {
          const own = given.filter((row) => row.name === one.name && (row.is_named === 0) === one.other);
          expect(one.total === null).toBe(own.every((row) => row.value === null));
          expect(one.values).toHaveLength(SLOTS.length);
        }
      }),
    );
  });

  it('fills gaps: nothing spent is 0, nothing measured is null', () => {
    const row = { slot: 60, is_named: 1, name: 'a', requests: 1, unpriced: 0 };
    expect(denseSeries([{ ...row, value: '1.5' }], SLOTS, 'spend')[0]).toMatchObject({
      values: ['0', '1.5', '0', '0'],
      total: '1.5',
    });
    expect(denseSeries([{ ...row, value: '7' }], SLOTS, 'requests')[0]).toMatchObject({
      values: [0, 7, 0, 0],
      total: 7,
    });
    expect(denseSeries([{ ...row, value: 12.5 }], SLOTS, 'latency_p95')[0]).toMatchObject({
      values: [null, 12.5, null, null],
      total: null,
    });
  });

  it('puts the largest first and "other" last', () => {
    const row = (name: string, value: string, named: number) => ({
      slot: 0,
      is_named: named,
      name,
      value,
      requests: 1,
      unpriced: 0,
    });
    const series = denseSeries([row('', '99', 0), row('a', '9.5', 1), row('b', '10', 1)], SLOTS, 'spend');
    expect(series.map((one) => (one.other ? 'other' : one.name))).toEqual(['b', 'a', 'other']);
  });

  it('refuses money that came as a number', () => {
    const row = { slot: 0, is_named: 1, name: 'a', value: 0.1, requests: 1, unpriced: 0 };
    expect(() => denseSeries([row], SLOTS, 'spend')).toThrowError(expect.objectContaining({ code: 'CONSOLE_ROW' }));
  });
});
