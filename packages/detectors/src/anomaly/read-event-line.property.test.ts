import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIMENSIONS, EventIds, newEvent } from './priced-event.ts';
import { EventLineReader } from './read-event-line.ts';

const whole = fc.integer({ min: 0, max: 2 ** 40 });
const events = fc.record({
  ts: fc.integer({ min: 1, max: 2 ** 42 }),
  id: whole,
  in: whole,
  cached: whole,
  out: whole,
  status: fc.constantFrom(200, 429, 504),
  attempt: fc.integer({ min: 1, max: 6 }),
  cost_nusd: fc.option(whole),
  ...Object.fromEntries(DIMENSIONS.map((name) => [name, fc.string({ maxLength: 10 })])),
  more: fc.constantFrom(1.5, -2e3, null, 'x', true, {}, [1, { a: '}"' }]),
});

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

describe('lines of events', () => {
  it('I5 are read as JSON reads them, in any order of fields, and an unknown cost stays unknown', () => {
    const ids = new EventIds();
    const reader = new EventLineReader(ids);
    const event = newEvent();
    fc.assert(
      fc.property(events, fc.nat(), (line, turn) => {
        const entries = Object.entries(line);
        const turned = [...entries.slice(turn % entries.length), ...entries.slice(0, turn % entries.length)];
        const bytes = bytesOf(JSON.stringify(Object.fromEntries(turned)));
        reader.read(bytes, 0, bytes.length, event);
        const { ts, id, status, attempt } = event;
        expect({ ts, id, status, attempt }).toEqual({
          ts: line.ts,
          id: line.id,
          status: line.status,
          attempt: line.attempt,
        });
        expect([event.input, event.cached, event.output]).toEqual([line.in, line.cached, line.out]);
        expect(event.cost).toBe(line.cost_nusd === null ? Number.NaN : line.cost_nusd * 1_000);
        for (const name of DIMENSIONS)
          expect(ids[name].nameOf(event[name])).toBe((line as Record<string, unknown>)[name]);
      }),
    );
  });

  it.each(['', '{', 'nonsense', '{"ts":"x"}', '{"id":1}', '{"ts":12', '{"ts":1x2}'])('refuses %j', (text) => {
    const reader = new EventLineReader(new EventIds());
    const bytes = bytesOf(text);
    expect(() => reader.read(bytes, 0, bytes.length, newEvent())).toThrowError(
      expect.objectContaining({ code: 'EVENT_LINE_INVALID' }),
    );
  });

  it('reads on with spaces, as other writers make them', () => {
    const ids = new EventIds();
    const event = newEvent();
    const bytes = bytesOf('{ "ts": 5, "tenant": "a", "cost_nusd": 7 }');
    new EventLineReader(ids).read(bytes, 0, bytes.length, event);
    expect([event.ts, ids.tenant.nameOf(event.tenant), event.cost]).toEqual([5, 'a', 7_000]);
  });
});
