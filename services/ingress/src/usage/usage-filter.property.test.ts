import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageFilter } from './usage-filter.ts';

/** The bytes in pieces: cut at the given places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}
function filtered(bytes: Buffer, cuts: readonly number[]): string {
  const filter = new UsageFilter();
  const out = pieces(bytes, cuts).map((piece) => Buffer.from(filter.push(piece)));
  return Buffer.concat([...out, filter.end()]).toString('latin1');
}

const newline = fc.constantFrom('\n', '\r\n');
const usage = fc.constantFrom(
  '{"id":"é","choices":[],"usage":{"prompt_tokens":3}}',
  '{"choices": [], "usage": {"total_tokens": 5, "details": {"a": [1]}}}',
);
const other = fc.oneof(
  fc.constantFrom(
    '{"choices":[{"delta":{"content":"a \\"choices\\":[] é"}}],"usage":null}',
    '{"choices":[],"prompt_filter_results":[]}',
    '{"choices":[],"usage":null}',
    '{"choices":[{"delta":{}}],"usage":{"prompt_tokens":3}}',
    '[DONE]',
    'not json "choices":[] "usage":{}',
    '',
  ),
  fc.nat(70_000).map((length) => `{"choices":[{"delta":"${'x'.repeat(length)}"}]}`),
);
const event = (kind: 'usage' | 'other') =>
  fc
    .tuple(kind === 'usage' ? usage : other, newline, fc.constantFrom('data: ', 'data:'), fc.constantFrom('', ': ping'))
    .map(([data, end, field, comment]) => ({
      kind,
      text: `${comment === '' ? '' : `${comment}${end}`}${field}${data}${end}${end}`,
    }));
const stream = fc.array(fc.oneof(event('other'), event('usage')), { maxLength: 12 });
const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe('I2 a stream of which the usage is withheld', () => {
  it('is every other byte of it, however it comes in chunks', () => {
    fc.assert(
      fc.property(stream, cuts, (events, places) => {
        const bytes = Buffer.from(events.map(({ text }) => text).join(''));
        const expected = events.filter(({ kind }) => kind === 'other').map(({ text }) => text);
        expect(filtered(bytes, places)).toBe(Buffer.from(expected.join('')).toString('latin1'));
      }),
      { numRuns: 300 },
    );
  });

  it('cut at every byte', () => {
    const before = 'data: {"choices":[{"delta":{"content":"é"}}]}\r\n\r\n';
    const told = 'data: {"choices":[],"usage":{"prompt_tokens":3}}\r\n\r\n';
    const bytes = Buffer.from(`${before}${told}data: [DONE]\n\n`);
    const expected = Buffer.from(`${before}data: [DONE]\n\n`).toString('latin1');
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(filtered(bytes, [cut])).toBe(expected);
    expect(filtered(bytes, [...bytes.keys()])).toBe(expected);
  });

  it('any bytes without such a chunk are the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, places) => {
        const whole = Buffer.from(bytes);
        expect(filtered(whole, places)).toBe(whole.toString('latin1'));
      }),
    );
  });

  it('an event without its end at the end of the stream', () => {
    expect(filtered(Buffer.from('data: {"choices":[],"usage":{}}'), [7])).toBe('');
    expect(filtered(Buffer.from('data: {"choices":[]'), [7])).toBe('data: {"choices":[]');
  });

  it('I7 holds no more than 64 KiB of an event, and finds the next one', () => {
    const filter = new UsageFilter();
    const part = Buffer.alloc(40_000, 'x');
    expect(filter.push(part).length).toBe(0);
    expect(filter.push(part).length).toBe(80_000);
    expect(filter.push(part).length).toBe(40_000);
    expect(filter.push(Buffer.from('\n')).toString()).toBe('\n');
    expect(filter.push(Buffer.from('\ndata: {"choices":[],"usage":{}}\n\nend')).toString()).toBe('\n');
    expect(filter.end().toString()).toBe('end');
  });
});
