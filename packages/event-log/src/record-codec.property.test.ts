import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from './event-log.ts';
import { decodeFrame, encodeFrame, frameBytesAtMost, frameIsIntact, sealFrame } from './record-codec.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const record = fc.record(
  {
    key: fc.option(text, { nil: null }),
    value: fc.uint8Array({ maxLength: 300 }),
    headers: fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      text,
      { maxKeys: 5 },
    ),
  },
  { requiredKeys: ['key', 'value'] },
) satisfies fc.Arbitrary<LogRecord>;
const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function encode(input: LogRecord, at: number, offsetValue: number, timestampMs: number): [Buffer, number] {
  const buffer = Buffer.alloc(at + frameBytesAtMost(input));
  const end = encodeFrame(buffer, at, input, timestampMs);
  sealFrame(buffer, at, offsetValue);
  return [buffer, end];
}

describe('record codec', () => {
  it('gives back what was encoded, at any position', () => {
    fc.assert(
      fc.property(record, offset, fc.nat(1_000), fc.integer(), (input, offsetValue, at, timestampMs) => {
        const [buffer] = encode(input, at, offsetValue, timestampMs);
        const stored = decodeFrame(buffer, at, { topic: 't', partition: 3 });
        expect({ ...stored, value: [...stored.value], headers: { ...stored.headers } }).toEqual({
          topic: 't',
          partition: 3,
          offset: offsetValue,
          key: input.key,
          value: [...input.value],
          headers: { ...input.headers },
          timestampMs,
        });
      }),
    );
  });

  it('notices any single changed byte', () => {
    fc.assert(
      fc.property(record, offset, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, offsetValue, where, flip) => {
        const [buffer, end] = encode(input, 0, offsetValue, 1_000);
        const index = where % end;
        buffer[index] = (buffer[index] ?? 0) ^ flip;
        expect(frameIsIntact(buffer, 0, end)).toBe(false);
      }),
    );
  });

  it('notices a frame that is cut short', () => {
    fc.assert(
      fc.property(record, fc.nat(), (input, cut) => {
        const [buffer, end] = encode(input, 0, 7, 1_000);
        expect(frameIsIntact(buffer, 0, cut % end)).toBe(false);
      }),
    );
  });
});
