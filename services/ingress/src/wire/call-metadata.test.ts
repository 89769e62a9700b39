import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCallMetadata } from './call-metadata.ts';

const metadata = (value: unknown): ReturnType<typeof readCallMetadata> =>
  readCallMetadata({ 'cf-aig-metadata': typeof value === 'string' ? value : JSON.stringify(value) });

describe('readCallMetadata', () => {
  it('promotes its columns, first spelling wins, and keeps the rest as tags', () => {
    expect(
      metadata({ env: 'a', environment: 'b', user_id: 1, session: 's', feature: 'f', n: 1.5, yes: true }),
    ).toMatchObject({
      env: 'a',
      userId: '1',
      sessionId: 's',
      feature: 'f',
      tags: { n: '1.5', yes: 'true' },
      warning: '',
    });
  });

  it('reads UTF-8 sent as header bytes', () => {
    expect(metadata(Buffer.from('{"team":"Zürich"}').toString('latin1')).tags).toEqual({ team: 'Zürich' });
  });

  it.each([
    ['not json', /not JSON$/],
    ['[1]', /not a JSON object/],
    ['null', /not a JSON object/],
    [`{"a":"${'x'.repeat(5000)}"}`, /larger than 4096/],
  ])('ignores %.10s and says why', (header, warning) => {
    expect(metadata(header)).toMatchObject({ tags: {}, warning: expect.stringMatching(warning) });
  });

  it('keeps the first 32 entries', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, index]));
    const read = metadata(many);
    expect(Object.keys(read.tags)).toHaveLength(32);
    expect(read.warning).toContain('k32: more than 32 entries');
  });

  it('never throws, never keeps what is not text, and its warning is a valid header', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        (header) => {
          const read = metadata(header);
          expect(Object.values(read.tags).every((value) => typeof value === 'string')).toBe(true);
          expect(read.warning).toMatch(/^[\x20-\x7e]*$/);
          expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
        },
      ),
    );
  });

  it.each([
    [{}, '', ''],
    [
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      '0af7651916cd43dd8448eb211c80319c',
      'b7ad6b7169203331',
    ],
    [{ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, '', ''],
    [{ traceparent: `00-${'b'.repeat(32)}-${'0'.repeat(16)}-01` }, 'b'.repeat(32), ''],
    [{ traceparent: 'nonsense' }, '', ''],
    [{ 'cf-aig-otel-parent-span-id': 'c'.repeat(16) }, '', ''],
    [
      { 'cf-aig-otel-trace-id': 'a'.repeat(32), traceparent: `00-${'b'.repeat(32)}-b7ad6b7169203331-01` },
      'a'.repeat(32),
      '',
    ],
    [
      { 'cf-aig-otel-trace-id': 'A'.repeat(32), 'cf-aig-otel-parent-span-id': 'C'.repeat(16) },
      'a'.repeat(32),
      'c'.repeat(16),
    ],
    [
      {
        'cf-aig-otel-parent-span-id': 'c'.repeat(16),
        traceparent: `00-${'b'.repeat(32)}-b7ad6b7169203331-01`,
      },
      'b'.repeat(32),
      'c'.repeat(16),
    ],
  ])('trace context of %o', (headers, traceId, parentSpanId) => {
    expect(readCallMetadata(headers)).toMatchObject({ traceId, parentSpanId });
  });

  it('keeps the rates that a client set, and none that are too long to be some', () => {
    const rates = '{"per_token_in":0.000001,"per_token_out":0.000002}';
    expect(readCallMetadata({ 'cf-aig-custom-cost': rates }).customCost).toBe(rates);
    expect(readCallMetadata({ 'cf-aig-custom-cost': `{${' '.repeat(600)}}` }).customCost).toBe('');
    expect(readCallMetadata({}).customCost).toBe('');
  });

  it('cuts ids that a client makes too long', () => {
    const headers = { 'cf-aig-event-id': 'e'.repeat(1000), 'cf-aig-session-id': 's'.repeat(1000) };
    expect(readCallMetadata(headers).eventId).toHaveLength(256);
    expect(readCallMetadata(headers).sessionId).toHaveLength(256);
  });
});
