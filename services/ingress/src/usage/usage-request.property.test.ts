import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayAddUsage, withUsageAsked } from './usage-request.ts';

const asked = (text: string): string | undefined => withUsageAsked(Buffer.from(text))?.toString();

describe('asking for the usage of a stream', () => {
  it.each([
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [' {\n "stream" : true , "n":1.0}', ' {"stream_options":{"include_usage":true},\n "stream" : true , "n":1.0}'],
    ['{"stream":true,"stream_options":{}}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options": {"include_obfuscation":false},"stream":true}',
      '{"stream_options": {"include_usage":true,"include_obfuscation":false},"stream":true}',
    ],
  ])('%s', (request, expected) => {
    expect(asked(request)).toBe(expected);
  });

  it.each([
    '{"stream":false}',
    '{"messages":[{"content":"\\"stream\\":true"}]}',
    '{"nested":{"stream":true}}',
    '{"stream":true,"stream":false}',
    '{"stream":true,"stream_options":{"include_usage":false}}',
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":null}',
    '{"stream":"true"}',
    '{"stream":true',
    '[{"stream":true}]',
    '"stream"',
    '',
  ])('not of %s', (request) => {
    expect(asked(request)).toBeUndefined();
  });

  it('I2 changes nothing else of any request', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (more, indent) => {
        const { stream_options: _taken, ...rest } = more;
        const request = { ...rest, stream: true };
        const text = JSON.stringify(request, null, indent);
        const sent = asked(text) ?? '';
        expect(sent.replace('"stream_options":{"include_usage":true},', '')).toBe(text);
        expect(JSON.parse(sent)).toEqual({ ...JSON.parse(text), stream_options: { include_usage: true } });
      }),
    );
  });

  const call = {
    method: 'POST',
    provider: 'openai',
    path: '/v1/chat/completions',
    contentType: 'application/json; charset=utf-8',
    contentEncoding: '',
  };
  it.each([
    [{}, 'known', true],
    [{}, 'off', false],
    [{ path: '/v1/completions?x=1' }, 'known', true],
    [{ path: '/v1/responses' }, 'known', false],
    [{ path: '/v1/chat/completions/id' }, 'known', false],
    [{ method: 'GET' }, 'known', false],
    [{ contentEncoding: 'gzip' }, 'known', false],
    [{ contentType: 'text/plain' }, 'known', false],
    [{ provider: 'mistral' }, 'all', false],
    [{ provider: 'custom-own' }, 'known', false],
    [{ provider: 'custom-own' }, 'all', true],
    [{ provider: 'azure-openai', path: '/x/chat/completions?api-version=2024-06-01' }, 'known', false],
    [{ provider: 'azure-openai', path: '/x/chat/completions?api-version=2024-10-21' }, 'known', true],
    [{ provider: 'azure-openai', path: '/openai/v1/chat/completions' }, 'known', true],
  ] as const)('%j, %s: %s', (change, setting, expected) => {
    expect(mayAddUsage({ ...call, ...change }, setting)).toBe(expected);
  });
});
