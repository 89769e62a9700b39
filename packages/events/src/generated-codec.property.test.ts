import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, EVENTS, type EventName, type EventTypes } from './codecs.ts';
import { EventCodec } from './event-codec.ts';
import { GOLDEN_EVENTS } from './testing/golden-events.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.constantFrom('', '\ud800', 'a'.repeat(63), 'a'.repeat(64), 'é'.repeat(40), '__proto__'),
);
const whole = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 63, 64, -64, -65, 2 ** 31, 2 ** 35, 2 ** 51, 2 ** 51 + 1, -(2 ** 51) - 1),
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const amount = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** Another value of the kind of the given one; a field whose value is one of a few stays as it is. */
function another(value: unknown, key: string): fc.Arbitrary<unknown> {
  if (typeof value === 'bigint') return amount;
  if (typeof value === 'boolean') return fc.boolean();
  if (Buffer.isBuffer(value)) return bytes;
  if (Array.isArray(value))
    return value.length === 0 ? fc.constant([]) : fc.array(another(value[0], ''), { maxLength: 3 });
  if (typeof value === 'number') return ['attempt', 'step', 'status', 'revision'].includes(key) ? fc.integer() : whole;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? text : fc.constant(value);
  const entries = Object.entries(value);
  if (['tags', 'usage', 'response_headers', 'headers'].includes(key)) {
    return fc.dictionary(text, another(entries[0]?.[1] ?? '', ''), { maxKeys: 3 });
  }
  return fc.record(Object.fromEntries(entries.map(([name, member]) => [name, another(member, name)])));
}

const ENUMS = ['outcome', 'cache_status', 'payload', 'usage_source', 'cost_source', 'severity', 'status', 'level'];

function eventsLike<Name extends EventName>(name: Name): fc.Arbitrary<EventTypes[Name]> {
  const golden = Object.entries(GOLDEN_EVENTS[name]);
  const fields = golden.map(([key, value]) => {
    const kept = typeof value === 'string' && ENUMS.includes(key);
    return [key, kept ? fc.constant(value) : another(value, key)] as const;
  });
  return fc.record(Object.fromEntries(fields)) as unknown as fc.Arbitrary<EventTypes[Name]>;
}

/** The bytes, or the code of the error in their place. */
function attempt(encode: () => Buffer): string {
  try {
    return encode().toString('hex');
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

describe.each(Object.keys(EVENTS) as EventName[])('I6 I9 the generated codec of %s', (name) => {
  const generated = createCodec(name) as EventCodec<object>;
  const general = new EventCodec<object>({ schema: EVENTS[name].schema });

  it('writes the bytes that the general one writes, and fails where it fails', () => {
    fc.assert(
      fc.property(eventsLike(name), (event) => {
        expect(attempt(() => generated.encode(event))).toBe(attempt(() => general.encode(event)));
      }),
      { numRuns: 300 },
    );
  });

  it('reads what the general one reads, in place or not', () => {
    fc.assert(
      fc.property(eventsLike(name), fc.nat({ max: 3 }), (event, cut) => {
        const written = attempt(() => general.encode(event));
        if (written.startsWith('EVENT_')) return;
        const whole = Buffer.from(written, 'hex');
        const record = whole.subarray(0, whole.length - cut);
        const read = (codec: EventCodec<object>, how: 'decode' | 'decodeInPlace'): unknown => {
          try {
            return codec[how](record);
          } catch (error) {
            return (error as { code?: unknown }).code;
          }
        };
        expect(read(generated, 'decode')).toEqual(read(general, 'decode'));
        expect(read(generated, 'decodeInPlace')).toEqual(read(general, 'decode'));
      }),
      { numRuns: 300 },
    );
  });
});

it('keeps decoded bytes apart from the record, unless they are read in place', () => {
  const codec = createCodec('request');
  const record = codec.encode({ ...GOLDEN_EVENTS.request, response_head: Buffer.from('body') });
  const copied = codec.decode(record);
  const viewed = codec.decodeInPlace(record);
  record.fill(0x7a, record.indexOf('body'), record.indexOf('body') + 4);
  expect(copied.response_head.toString()).toBe('body');
  expect(viewed.response_head.toString()).toBe('zzzz');
});
