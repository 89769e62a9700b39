import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementSpans, memberSpans } from './json-spans.ts';

/** The value as its text tells it: -0 is not told apart from 0. */
const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t')).map(([drawn, indent]) => {
  const text = ` ${JSON.stringify(drawn, null, indent)}\n`;
  return { value: JSON.parse(text) as unknown, text };
});

describe('spans of JSON text', () => {
  it('are the members and elements that JSON.parse finds', () => {
    fc.assert(
      fc.property(spaced, ({ value, text }) => {
        const json = Buffer.from(text);
        const parse = ({ start, end }: { start: number; end: number }): unknown =>
          JSON.parse(json.toString('utf8', start, end));
        expect(elementSpans(json)?.map(parse)).toEqual(Array.isArray(value) ? value : undefined);
        const members = memberSpans(json);
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        expect(members !== undefined).toBe(isObject);
        if (members === undefined || value === null) return;
        const read = [...members].map(([name, span]) => [JSON.parse(`"${name}"`), parse(span)]);
        expect(new Map(read as [string, unknown][])).toEqual(new Map(Object.entries(value as object)));
      }),
    );
  });

  it('any bytes give an answer, within the text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'[]{}",:\\ a1')), (letters) => {
        const json = Buffer.from(letters.join(''));
        for (const { start, end } of [...(elementSpans(json) ?? []), ...(memberSpans(json)?.values() ?? [])]) {
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(json.length);
        }
      }),
    );
  });

  it('the last of equal names counts', () => {
    const json = Buffer.from('{"a":1,"a":[2,"}"]}');
    const span = memberSpans(json)?.get('a');
    expect(json.toString('utf8', span?.start, span?.end)).toBe('[2,"}"]');
  });
});
