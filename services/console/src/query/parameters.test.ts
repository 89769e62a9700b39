import { describe, expect, it } from 'vitest';
import { FILTER_NAMES, readFilters } from './filters.ts';
import { oneOf, refuseUnknown } from './parameters.ts';
import { readCursor } from './requests-statement.ts';
import { previousPeriod, readStep, readTimeRange, slotStarts } from './time-range.ts';

const now = Date.UTC(2026, 10, 24, 12);
const details = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return 'nothing was thrown';
};

describe('parameters', () => {
  it('names the field, the value and the nearest known word', () => {
    expect(details(() => refuseUnknown({ modle: 'a' }, FILTER_NAMES))).toMatchObject({
      code: 'CONSOLE_PARAMETER',
      details: { field: 'parameter', value: 'modle', nearest: 'model' },
      fix: 'Did you mean "model"?',
    });
    expect(details(() => oneOf({ by: 'featur' }, 'by', ['model', 'feature'], 'model'))).toMatchObject({
      details: { field: 'by', value: 'featur', nearest: 'feature' },
    });
  });

  it('reads filters in one order, whatever the order and spelling of the query', () => {
    expect(readFilters({ user: 'u', model: ['b', 'a', 'b'], feature: '' })).toEqual(
      readFilters({ feature: '', model: ['a', 'b'], user_id: 'u' }),
    );
    expect(details(() => readFilters({ model: Array.from({ length: 21 }, (_, i) => `m${i}`) }))).toMatchObject({
      code: 'CONSOLE_PARAMETER',
    });
  });

  it('reads relative and absolute ranges', () => {
    expect(readTimeRange({}, now)).toEqual({ fromMs: now - 86_400_000, toMs: now });
    expect(readTimeRange({ from: 'now-15m' }, now)).toEqual({ fromMs: now - 900_000, toMs: now });
    expect(readTimeRange({ from: '2026-11-01', to: '2026-11-02T01:00:00+01:00' }, now)).toEqual({
      fromMs: Date.UTC(2026, 10, 1),
      toMs: Date.UTC(2026, 10, 2),
    });
  });

  it.each([
    { from: 'yesterday' },
    { from: '2026-11-01T10:00:00' },
    { from: '2026-13-01' },
    { from: 'now', to: 'now-1h' },
    { from: 'now', to: 'now' },
    { from: 'now-900d' },
    { from: ['now-1h', 'now-2h'] },
  ])('refuses the range %j', (raw) => {
    expect(details(() => readTimeRange(raw, now))).toMatchObject({
      code: 'CONSOLE_PARAMETER',
      details: { field: 'from' },
    });
  });

  it.each(['5', 'x_y', '12_not-a-uuid'])('refuses the cursor %s', (value) => {
    expect(details(() => readCursor(value))).toMatchObject({ code: 'CONSOLE_PARAMETER' });
  });

  it('covers the whole range with at most 120 slots by default, and bounds what a caller asks', () => {
    for (const from of ['now-15m', 'now-1h', 'now-6h', 'now-24h', 'now-7d', 'now-30d', 'now-400d']) {
      const range = readTimeRange({ from }, now + 1234);
      const step = readStep({}, range);
      const slots = slotStarts(range, step);
      expect(slots.length).toBeLessThanOrEqual(121);
      expect((slots[0] ?? 0) * 1000).toBeLessThanOrEqual(range.fromMs);
      expect(((slots.at(-1) ?? 0) + step) * 1000).toBeGreaterThanOrEqual(range.toMs);
    }
    expect(details(() => readStep({ step: '1' }, readTimeRange({}, now)))).toMatchObject({
      details: { field: 'step' },
    });
  });

  it('puts the previous period right before', () => {
    expect(previousPeriod({ fromMs: 10, toMs: 15 })).toEqual({ fromMs: 5, toMs: 10 });
  });
});
