import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALENDAR_UNITS, createZonedPeriods } from './zoned-period.ts';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const span = (unit: (typeof CALENDAR_UNITS)[number], zone: string, moment: string, startsOn = 1) => {
  const { start, end } = createZonedPeriods(unit, zone, startsOn)(at(moment));
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
        fc.integer({ min: 1, max: 31 }),
        (unit, zone, ts, day) => {
          const startsOn = unit === 'hour' || unit === 'day' ? 1 : unit === 'week' ? ((day - 1) % 7) + 1 : day;
          const periodAt = createZonedPeriods(unit, zone, startsOn);
          const { start, end } = periodAt(ts);
          expect(start <= ts && ts < end).toBe(true);
          expect(periodAt(end).start).toBe(end);
          expect(periodAt(start - 1).end).toBe(start);
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
    expect(span('quarter', 'UTC', '2026-11-25T12:00:00Z').slice(0, 2)).toEqual([
      '2026-10-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ]);
    expect(span('year', 'Asia/Tokyo', '2026-12-31T15:00:00Z')[0]).toBe('2026-12-31T15:00:00.000Z');
    expect(span('hour', 'Asia/Kolkata', '2026-11-25T12:00:00Z')[0]).toBe('2026-11-25T11:30:00.000Z');
  });

  it('begin on the day that is asked for, and on the last day of a month that lacks it', () => {
    expect(span('week', 'UTC', '2026-11-25T12:00:00Z', 7)[0]).toBe('2026-11-22T00:00:00.000Z');
    expect(span('week', 'UTC', '2026-11-25T12:00:00Z', 3)[0]).toBe('2026-11-25T00:00:00.000Z');
    expect(span('month', 'UTC', '2026-11-14T23:59:59Z', 15)[0]).toBe('2026-10-15T00:00:00.000Z');
    expect(span('month', 'UTC', '2026-02-27T12:00:00Z', 31).slice(0, 2)).toEqual([
      '2026-01-31T00:00:00.000Z',
      '2026-02-28T00:00:00.000Z',
    ]);
    expect(span('month', 'UTC', '2026-02-28T12:00:00Z', 31).slice(0, 2)).toEqual([
      '2026-02-28T00:00:00.000Z',
      '2026-03-31T00:00:00.000Z',
    ]);
    expect(span('year', 'UTC', '2026-01-05T00:00:00Z', 6).slice(0, 2)).toEqual([
      '2025-01-06T00:00:00.000Z',
      '2026-01-06T00:00:00.000Z',
    ]);
  });
});
