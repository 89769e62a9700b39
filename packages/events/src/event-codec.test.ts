import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, EVENTS } from './codecs.ts';
import { crc64Avro } from './crc64-avro.ts';
import { EventCodec } from './event-codec.ts';
import { eventToJson } from './event-json.ts';
import { GOLDEN_EVENTS } from './testing/golden-events.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('CRC-64-AVRO', () => {
  it.each([
    ['"null"', '63dd24e7cc258f8a'],
    ['"int"', '7275d51a3f395c8f'],
  ])('fingerprints %s as the specification does', (schema, fingerprint) => {
    expect(crc64Avro(Buffer.from(schema)).toString(16)).toBe(fingerprint);
  });
});

describe('EventCodec', () => {
  const cost = createCodec('cost');

  it('keeps every amount to the last pico-dollar', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (amount) => {
        const event = { ...GOLDEN_EVENTS.cost, cost_usd: amount };
        expect(cost.decode(cost.encode(event)).cost_usd).toBe(amount);
      }),
    );
  });

  it('reuses one buffer and grows it for a body larger than it', () => {
    const codec = createCodec('request');
    const body = Buffer.alloc(300_000, 7);
    const view = codec.encodeReused({ ...GOLDEN_EVENTS.request, response_head: body });
    expect(codec.decode(view).response_head.equals(body)).toBe(true);
    const first = codec.encodeReused(GOLDEN_EVENTS.request);
    const second = codec.encodeReused(GOLDEN_EVENTS.request);
    expect(second.buffer).toBe(first.buffer);
  });

  it('encodes into a place of the caller, and says by how much it does not fit', () => {
    const codec = createCodec('request');
    const whole = codec.encode(GOLDEN_EVENTS.request);
    const target = Buffer.alloc(whole.length + 7);
    expect(codec.encodeInto(GOLDEN_EVENTS.request, target, 7)).toBe(target.length);
    expect(target.subarray(7).equals(whole)).toBe(true);
    for (const missing of [1, whole.length - 12, whole.length - 3, whole.length + 7]) {
      const small = target.subarray(0, target.length - missing);
      expect(codec.encodeInto(GOLDEN_EVENTS.request, small, Math.min(7, small.length))).toBeLessThan(0);
    }
  });

  it('I9 reads the records of every earlier version', () => {
    const earlier = EVENTS.request.earlier;
    expect(earlier.length).toBeGreaterThan(0);
    const fields = EVENTS.request.schema.fields as readonly { readonly name: string; readonly default?: unknown }[];
    for (const schema of earlier) {
      const names = new Set<string>((schema as typeof EVENTS.request.schema).fields.map(({ name }) => name));
      const known = Object.entries(GOLDEN_EVENTS.request).filter(([name]) => names.has(name));
      const added = fields.filter(({ name }) => !names.has(name)).map((field) => [field.name, field.default]);
      const record = new EventCodec<object>({ schema }).encode(Object.fromEntries(known));
      expect(createCodec('request').decode(record)).toEqual(Object.fromEntries([...known, ...added]));
    }
  });

  it('reads both framings, whatever it writes', () => {
    const confluent = createCodec('request', { kind: 'confluent', schemaId: 17 });
    const bytes = confluent.encode(GOLDEN_EVENTS.request);
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, 17]);
    expect(confluent.decode(bytes)).toEqual(GOLDEN_EVENTS.request);
    expect(confluent.decode(createCodec('request').encode(GOLDEN_EVENTS.request))).toEqual(GOLDEN_EVENTS.request);
    const byId = new EventCodec({
      schema: EVENTS.request.schema,
      schemasById: new Map([[17, EVENTS.request.schema]]),
    });
    expect(byId.decode(bytes)).toEqual(GOLDEN_EVENTS.request);
  });

  it('names what is wrong with a record it cannot read', () => {
    expect(() => cost.decode(Buffer.from([0xc3, 0x01, 1]))).toThrowError(code('EVENT_TOO_SHORT'));
    expect(() => cost.decode(Buffer.from('{"json":true}'))).toThrowError(code('EVENT_UNKNOWN_FRAMING'));
    expect(() => cost.decode(createCodec('request').encode(GOLDEN_EVENTS.request))).toThrowError(
      code('EVENT_UNKNOWN_SCHEMA'),
    );
    expect(() => cost.decode(Buffer.from([0, 0, 0, 0, 9, 1]))).toThrowError(code('EVENT_UNKNOWN_SCHEMA'));
    const bytes = cost.encode(GOLDEN_EVENTS.cost);
    expect(() => cost.decode(bytes.subarray(0, bytes.length - 3))).toThrowError(code('EVENT_INVALID'));
  });

  it('never fails in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          cost.decode(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^EVENT_/) });
        }
      }),
    );
  });

  it('names the invalid field of an event', () => {
    const broken = { ...GOLDEN_EVENTS.cost, outcome: 'fine' } as never;
    expect(() => cost.encode(broken)).toThrowError(/outcome/);
    const tooMuch = { ...GOLDEN_EVENTS.cost, cost_usd: 2n ** 63n };
    expect(() => cost.encode(tooMuch)).toThrowError(/cost_usd/);
  });
});

it('prints events as JSON with money as decimal text and bytes as text or base64', () => {
  const cost = JSON.parse(eventToJson(GOLDEN_EVENTS.cost)) as Record<string, unknown>;
  expect(cost['cost_usd']).toBe('0.00225');
  const request = JSON.parse(eventToJson(GOLDEN_EVENTS.request)) as Record<string, unknown>;
  expect(request['request_head']).toBe('{"model":"gpt-4o"}');
  expect(request['response_tail']).toEqual({ base64: '/wA=' });
});
