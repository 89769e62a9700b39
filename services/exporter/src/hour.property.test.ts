import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compactHour, HOUR_MS, hourFromName, hourPartition, hoursOf, isoTime, parseHour, startOfHour } from './hour.ts';

const moment = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });

it('I3 gives every moment one hour, and names each hour so that it can be found again', () => {
  fc.assert(
    fc.property(moment, (ms) => {
      const hour = startOfHour(ms);
      expect(hour <= ms && ms < hour + HOUR_MS).toBe(true);
      expect(hourFromName(`v1/_work/requests/${compactHour(hour)}-abc`)).toBe(hour);
      expect(hourFromName(`v1/requests/${hourPartition(hour)}/part`)).toBe(hour);
      expect(parseHour(isoTime(hour))).toBe(hour);
      expect(parseHour(isoTime(hour).slice(0, 13))).toBe(hour);
      expect(parseHour(isoTime(hour).slice(0, 10))).toBe(startOfHour(Date.parse(isoTime(hour).slice(0, 10))));
    }),
  );
});

it('I3 covers a window with hours that touch and never overlap', () => {
  fc.assert(
    fc.property(moment, fc.integer({ min: 0, max: 100 }), (ms, count) => {
      const from = startOfHour(ms);
      const hours = [...hoursOf({ from, to: from + count * HOUR_MS })];
      expect(hours).toEqual(Array.from({ length: count }, (_unused, index) => from + index * HOUR_MS));
    }),
  );
});

it.each(['', '2026', '2026-13-01', '2026-06-31', '2026-11-22T25', '2026-11-22T14:30', '2026-11-22T14:00+02:00', 'now'])(
  'refuses "%s" as an hour',
  (text) => {
    expect(() => parseHour(text)).toThrow(expect.objectContaining({ code: 'EXPORT_WINDOW' }));
  },
);
