import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALENDAR_UNITS, createZonedPeriods } from './zoned-period.ts';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const span = (unit: (typeof CALENDAR_UNITS)[number], zone: string, moment: string) => {
  const { start, end } = createZonedPeriods(unit, zone)(at(moment));
  return [new Date(start).toISOString(), new Date(end).toISOString(), (end - start) / HOUR];
};

describe('calendar periods of a time zone', () => {
  it('cover time without gap or overlap, wherever and whenever', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'America/Sao_Paulo', 'Pacific/Apia'];
    fc.assert(
      fc.property(
        fc.constantFrom(...CALENDAR_UNITS),
        fc.constantFrom(...zones),
        fc.integer({ min: at('2009-01-01'), max: at('2031-01-01') }),
        (unit, zone, ts) => {
          const { start, end } = createZonedPeriods(unit, zone)(ts);
          expect(start <= ts && ts < end).toBe(true);
          expect(createZonedPeriods(unit, zone)(end).start).toBe(end);
          expect(createZonedPeriods(unit, zone)(start - 1).end).toBe(start);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('have 23 or 25 hours where clocks change, and start late where midnight is skipped', () => {
    expect(span('day', 'Europe/Berlin', '2026-03-29T12:00:00Z')).toEqual([
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
      23,
    ]);
    expect(span('day', 'Europe/Berlin', '2026-10-25T12:00:00Z')[2]).toBe(25);
    expect(span('day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z')).toEqual([
      '2018-11-04T03:00:00.000Z',
      '2018-11-05T02:00:00.000Z',
      23,
    ]);
    expect(span('week', 'UTC', '2026-11-25T12:00:00Z')).toEqual([
      '2026-11-23T00:00:00.000Z',
      '2026-11-30T00:00:00.000Z',
      168,
    ]);
    expect(span('month', 'America/New_York', '2026-12-01T03:00:00Z')).toEqual([
      '2026-11-01T04:00:00.000Z',
      '2026-12-01T05:00:00.000Z',
      721,
    ]);
    expect(span('hour', 'Asia/Kolkata', '2026-11-25T12:00:00Z')[0]).toBe('2026-11-25T11:30:00.000Z');
  });
});
