import { describe, expect, it } from 'vitest';
import { awsFrames, cutBody, wholeBody } from '../testing/bodies.ts';
import { parseAwsEventStream } from './aws-event-stream.ts';
import { frameBody } from './frame-body.ts';
import { parseJsonArray } from './json-array.ts';
import { cutLastObject, cutMember, stringAfter } from './json-scan.ts';
import { parseNdjson } from './ndjson.ts';
import { parseSse } from './sse.ts';

describe('parseSse', () => {
  const events = [
    { name: 'a', data: '1' },
    { name: '', data: 'x\ny' },
  ];

  it.each(['\n', '\r\n', '\r'])(
    'reads line end %j, comments, unknown fields and a space or none after data:',
    (end) => {
      const text = [': hi', 'event: a', 'id: 7', 'data:1', '', ':408: late', 'data: x', 'data:y', '', ''].join(end);
      expect(parseSse(text)).toEqual(events);
    },
  );

  it('flushes the last event without its blank line, and strips only one space', () => {
    expect(parseSse('data:  two spaces')).toEqual([{ name: '', data: ' two spaces' }]);
    expect(parseSse('\ufeffdata: after a BOM')).toEqual([{ name: '', data: 'after a BOM' }]);
  });

  it('takes a bare JSON object between events', () => {
    const text = 'data: {"a":1}\n\n{\n  "error": {"code": 499}\n}\n\n';
    expect(parseSse(text).map(({ data }) => JSON.parse(data) as unknown)).toEqual([{ a: 1 }, { error: { code: 499 } }]);
  });

  it('drops what is cut at the ends of a piece', () => {
    const text = 'lf of an event"}\n\ndata: whole\n\ndata: cu';
    expect(parseSse(text, { cutStart: true, cutEnd: true })).toEqual([{ name: '', data: 'whole' }]);
  });
});

describe('parseNdjson and parseJsonArray', () => {
  it('split lines', () => {
    expect(parseNdjson('{"a":1}\r\n\n{"b":2}').map(({ data }) => data)).toEqual(['{"a":1}', '{"b":2}']);
    expect(parseNdjson('1}\n{"b":2}\n{"c', { cutStart: true, cutEnd: true }).map(({ data }) => data)).toEqual([
      '{"b":2}',
    ]);
  });

  it('split elements, leaving out one that does not end', () => {
    const text = '[{"a": "]},{"}\n,\r\n{"b": [1, {"c": 2}]},\n{"d": ';
    expect(parseJsonArray(text).map(({ data }) => data)).toEqual(['{"a": "]},{"}', '{"b": [1, {"c": 2}]}']);
    const tail = '": "x"\n  }\n}\n,\r\n{"b": 2}\n]';
    expect(parseJsonArray(tail, { cutStart: true, cutEnd: false }).map(({ data }) => data)).toEqual(['{"b": 2}']);
  });
});

describe('parseAwsEventStream', () => {
  const frames = awsFrames(
    ['messageStart', { role: 'assistant' }],
    ['chunk', { bytes: btoa('{"type":"ping"}'), p: 'abc' }],
    ['throttlingException', { message: 'slow down' }],
  );

  it('names events and unwraps inner bytes', () => {
    expect(parseAwsEventStream(frames)).toEqual([
      { name: 'messageStart', data: '{"role":"assistant"}' },
      { name: 'chunk', data: '{"type":"ping"}' },
      { name: 'throttlingException', data: '{"message":"slow down"}' },
    ]);
  });

  it('finds the next frame after a gap and leaves out one that does not end', () => {
    const tail = frames.subarray(20);
    const names = parseAwsEventStream(tail, { cutStart: true, cutEnd: false }).map(({ name }) => name);
    expect(names).toEqual(['chunk', 'throttlingException']);
    expect(parseAwsEventStream(frames.subarray(0, frames.byteLength - 1))).toHaveLength(2);
  });
});

describe('json-scan', () => {
  const text = '{"a": "\\"usage\\": {", "usage" : {"n": 1e3, "deep": [{"usage": {"x": 1}}]}, "t": "q\\"\\n"}';

  it('cuts members as they stand, not what only looks like them', () => {
    expect(cutMember(text, ['usage', 'n'])).toBe('1e3');
    expect(cutMember(text, ['missing'])).toBe('');
    expect(cutMember('{"id":"x","usage":{"a":1},"cut":"', ['usage'])).toBe('{"a":1}');
  });

  it('finds the last object of a name in a fragment, and strings', () => {
    expect(cutLastObject(text.slice(30), 'usage')).toBe('{"x": 1}');
    expect(stringAfter(text, 't')).toBe('q"\n');
    expect(stringAfter('{"t": null}', 't')).toBeUndefined();
  });
});

describe('frameBody', () => {
  it('goes by the bytes where the content type misleads', () => {
    expect(frameBody(wholeBody('data: {}\n\n'), 'application/json').kind).toBe('stream');
    expect(frameBody(wholeBody('{"error":{}}'), 'text/event-stream').kind).toBe('document');
    expect(frameBody(wholeBody('{"error":{}}'), 'application/octet-stream').kind).toBe('document');
    expect(frameBody(wholeBody('[{"a":1}]'), 'application/json').kind).toBe('stream');
    expect(frameBody(wholeBody('{"a":1}\n{"b":2}'), 'application/json').kind).toBe('stream');
    expect(frameBody(wholeBody('no such route'), 'text/plain').kind).toBe('opaque');
    expect(frameBody(wholeBody(''), '').kind).toBe('empty');
  });

  it('resumes in the tail when the middle is missing', () => {
    const whole = new TextEncoder().encode('data: first\n\ndata: lost\n\ndata: last\n\n');
    const framed = frameBody(cutBody(whole, 18, 16), 'text/event-stream');
    expect(framed).toMatchObject({ kind: 'stream', truncated: true });
    if (framed.kind === 'stream') expect(framed.events.map(({ data }) => data)).toEqual(['first', 'last']);
  });
});
