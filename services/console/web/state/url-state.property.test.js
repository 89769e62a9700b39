import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRows } from './live-rows.js';
import { DIMENSIONS, MEASURES, parseState, stateUrl, withFilter, withoutFilter } from './url-state.js';

const dimension = fc.constantFrom(...Object.keys(DIMENSIONS));
const state = fc.record({
  from: fc.constantFrom('now-24h', 'now-1h', '2026-11-01T00:00:00.000Z'),
  to: fc.constantFrom('now', '2026-11-02T00:00:00.000Z'),
  by: dimension,
  measure: fc.constantFrom(...MEASURES),
  filters: fc.array(fc.tuple(dimension, fc.string()), { maxLength: 4 }),
  request: fc.option(fc.uuid()),
});

describe('the URL is the state', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(state, (given) => {
        expect(parseState(stateUrl(given).slice(1))).toEqual(given);
      }),
    );
  });

  it('adds a filter once and takes it away again', () => {
    fc.assert(
      fc.property(state, dimension, fc.string(), (given, name, value) => {
        const added = withFilter(given, name, value);
        expect(withFilter(added, name, value)).toBe(added);
        expect(withoutFilter(added, name, value).filters).not.toContainEqual([name, value]);
      }),
    );
  });

  it('falls back to the defaults for words it does not know', () => {
    expect(parseState('?by=colour&measure=joy&x=1')).toMatchObject({ by: 'model', measure: 'spend', filters: [] });
    expect(stateUrl(parseState(''))).toBe('/');
  });
});

describe('mergeRows', () => {
  it('keeps each row once, newest first, within the limit', () => {
    const row = (/** @type {string} */ id, /** @type {string} */ ts) =>
      /** @type {import('../../src/api/answers.ts').RequestRow} */ (/** @type {unknown} */ ({ request_id: id, ts }));
    const merged = mergeRows([row('a', '3'), row('b', '1')], [row('c', '2'), row('a', '3')], 2);
    expect(merged.map((one) => one.request_id)).toEqual(['a', 'c']);
  });
});
