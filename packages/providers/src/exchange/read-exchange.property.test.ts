import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CapturedBody, Exchange } from '../exchange.ts';
import { parseSse } from '../framing/sse.ts';
import { normalizeUsage } from '../normalize/normalize-usage.ts';
import { PROVIDERS } from '../registry/provider-registry.ts';
import { resolveUpstream } from '../registry/resolve-upstream.ts';
import { awsFrames, cutBody, exchangeWith, sse, wholeBody } from '../testing/bodies.ts';
import { readExchange } from './read-exchange.ts';

const encoder = new TextEncoder();
const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const chunk = (text: string): object => ({
  id: 'c',
  model: 'm',
  choices: [{ delta: { content: text }, finish_reason: null }],
});

const STREAMS: readonly { readonly exchange: Exchange; readonly bytes: Uint8Array }[] = [
  {
    bytes: encoder.encode(
      sse(
        ...Array.from({ length: 40 }, (_, index) => ['', chunk(`tökén ${index} 😀`)] as const),
        ['', { id: 'c', model: 'm', choices: [], usage }],
        ['', '[DONE]'],
      ),
    ),
    exchange: exchangeWith({ responseContentType: 'text/event-stream' }),
  },
  {
    bytes: encoder.encode(
      sse(
        [
          'message_start',
          { type: 'message_start', message: { id: 'a', model: 'm', usage: { input_tokens: 10, output_tokens: 1 } } },
        ],
        ...Array.from(
          { length: 40 },
          () =>
            [
              'content_block_delta',
              { type: 'content_block_delta', delta: { type: 'text_delta', text: 'wör' } },
            ] as const,
        ),
        ['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }],
      ),
    ),
    exchange: exchangeWith({ provider: 'anthropic', path: '/v1/messages', responseContentType: 'text/event-stream' }),
  },
  {
    bytes: awsFrames(...Array.from({ length: 20 }, () => ['contentBlockDelta', { delta: { text: 'x' } }] as const), [
      'metadata',
      { usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 } },
    ]),
    exchange: exchangeWith({
      provider: 'aws-bedrock',
      path: '/model/m/converse-stream',
      responseContentType: 'application/vnd.amazon.eventstream',
    }),
  },
  {
    bytes: encoder.encode(
      JSON.stringify({
        id: 'c',
        model: 'm',
        choices: [{ message: { content: 'A long "usage": {} answer. '.repeat(60) } }],
        usage,
      }),
    ),
    exchange: exchangeWith({}),
  },
];
const stream = fc.constantFrom(...STREAMS);

describe('readExchange, whatever comes', () => {
  it('the result does not depend on where head ends and tail begins while nothing is missing', () => {
    fc.assert(
      fc.property(stream, fc.nat(), ({ exchange, bytes }, seed) => {
        const at = seed % (bytes.byteLength + 1);
        const split: CapturedBody = { head: bytes.subarray(0, at), tail: bytes.subarray(at), bytes: bytes.byteLength };
        expect(readExchange({ ...exchange, response: split })).toEqual(
          readExchange({ ...exchange, response: wholeBody(bytes) }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('I5 a tail that holds the final usage is enough, wherever the middle was cut out', () => {
    fc.assert(
      fc.property(
        stream,
        fc.nat({ max: 900 }),
        fc.integer({ min: 420, max: 700 }),
        ({ exchange, bytes }, head, tail) => {
          const facts = readExchange({ ...exchange, response: cutBody(bytes, head + 200, tail) });
          expect(facts.usage).toMatchObject({ inputTokens: 10, outputTokens: 4 });
          expect(facts.usageSource).toBe('reported');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('I5 reads a chat stream as a parse of every chunk does, whatever words the chunks hold', () => {
    const words = fc.constantFrom(
      '"usage":{',
      'finish_reason":"x"',
      '"error": 1',
      'stop_reason": "',
      '\\',
      '\n',
      'ü',
      ' ',
    );
    const content = fc.array(words, { maxLength: 6 }).map((parts) => parts.join(''));
    const finish = fc.constantFrom(null, null, null, 'stop', 'length');
    const chunks = fc.array(
      fc.record({ content, finish, usage: fc.constantFrom(undefined, null, usage), spaces: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(chunks, (list) => {
        const values = list.map((one) => ({
          id: 'c',
          model: 'm',
          choices: [{ delta: { content: one.content }, finish_reason: one.finish }],
          ...(one.usage === undefined ? {} : { usage: one.usage }),
        }));
        const lines = values.map((value, index) =>
          list[index]?.spaces === true ? JSON.stringify(value, null, 1).replaceAll('\n', ' ') : JSON.stringify(value),
        );
        const body = lines.map((line) => `data: ${line}\n\n`).join('');
        const facts = readExchange(exchangeWith({ responseContentType: 'text/event-stream', response: body }));
        expect(facts.finishReasons).toEqual([...new Set(list.flatMap(({ finish: reason }) => reason ?? []))]);
        expect(facts.usage?.inputTokens ?? null).toBe(list.some((one) => one.usage) ? 10 : null);
        expect(facts.error).toBe(null);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on a cut, truncated or damaged body', () => {
    fc.assert(
      fc.property(
        stream,
        fc.nat({ max: 4_000 }),
        fc.nat({ max: 4_000 }),
        fc.nat(),
        fc.boolean(),
        ({ exchange, bytes }, head, tail, flip, complete) => {
          const damaged = Uint8Array.from(bytes);
          damaged[flip % damaged.byteLength] = flip & 255;
          readExchange({ ...exchange, complete, response: cutBody(damaged, head, tail) });
        },
      ),
      { numRuns: 500 },
    );
  });

  const types = fc.constantFrom(
    'application/json',
    'text/event-stream',
    'application/x-ndjson',
    'application/vnd.amazon.eventstream',
    'multipart/form-data; boundary=x',
    'audio/mpeg',
    '',
  );
  const paths = fc.constantFrom(
    '/v1/chat/completions',
    '/v1/messages',
    '/v1/responses',
    '/model/a%zz/invoke',
    '/v1beta/models/g:generateContent?key=%',
    '/v1/images/generations',
    '/v1/audio/speech',
    '/',
    '',
  );

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROVIDERS.keys(), 'custom-x'),
        types,
        types,
        paths,
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 0, max: 599 }),
        (provider, requestContentType, responseContentType, path, request, response, status) => {
          readExchange(
            exchangeWith({
              provider,
              requestContentType,
              responseContentType,
              path,
              status,
              request: wholeBody(request),
              response: wholeBody(response),
            }),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  const keys = fc.constantFrom(
    'usage',
    'usageMetadata',
    'choices',
    'type',
    'object',
    'model',
    'id',
    'error',
    'message',
    'content',
    'delta',
    'response',
    'output',
    'candidates',
    'results',
    'data',
    'metrics',
    'urls',
    'status',
    'meta',
    'tokens',
    'billed_units',
    'iterations',
    'prompt_tokens',
    'input_tokens',
    'inputTokens',
    'total_input_tokens',
    'promptTokenCount',
    'promptTokensDetails',
    'cacheDetails',
    'messages',
    'system',
    'tools',
    'x_groq',
    'usage_breakdown',
    'models',
    'predictions',
    'success',
    'result',
    'done',
    'details',
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -1, 1.5, 1e300, '', 'message', 'response', 'x'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
    ),
  }));

  it('never throws on known names with unexpected values', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROVIDERS.keys()),
        types,
        paths,
        value,
        value,
        fc.boolean(),
        (provider, type, path, request, response, asEvents) => {
          const text = JSON.stringify(response);
          const body = asEvents ? sse(['', text], ['error', text], ['', text]) : text;
          const facts = readExchange(
            exchangeWith({
              provider,
              path,
              responseContentType: asEvents ? 'text/event-stream' : type,
              request: JSON.stringify(request),
              response: body,
            }),
          );
          for (const count of Object.values(facts.usage ?? {})) {
            if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never throws on any usage object, of any family', () => {
    const families = fc.constantFrom(
      'chat',
      'chat:mistral',
      'chat:xai_chat',
      'chat:perplexity',
      'chat:gemini_openai',
      'responses',
      'realtime',
      'anthropic',
      'gemini',
      'interactions',
      'converse',
      'invmetrics',
      'cohere',
      'ollama',
      'simple_in',
      'llama',
      'pages',
      'nonsense',
    );
    fc.assert(
      fc.property(families, fc.oneof(value, fc.anything()), (family, raw) => {
        normalizeUsage(family, raw);
      }),
      { numRuns: 2_000 },
    );
  });

  it('survives a body nested deeper than the stack', () => {
    const deep = `${'{"usage":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    const tools = `{"model":"m","tools":[{"name":"t","parameters":${deep}}]}`;
    expect(readExchange(exchangeWith({ request: tools, response: deep })).requestModel).toBe('m');
  });
});

describe('parseSse', () => {
  it('reads the same events with every line ending', () => {
    const line = fc.stringMatching(/^[ -~]{0,12}$/);
    const event = fc.record({
      name: fc.stringMatching(/^[a-z.]{0,8}$/),
      data: fc.array(line, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        (events, end, closed) => {
          const text = events
            .map(({ name, data }) =>
              [...(name === '' ? [] : [`event: ${name}`]), ...data.map((item) => `data: ${item}`)].join(end),
            )
            .join(end + end);
          const parsed = parseSse(closed ? text + end + end : text);
          expect(parsed).toEqual(events.map(({ name, data }) => ({ name, data: data.join('\n') })));
        },
      ),
    );
  });
});

describe('resolveUpstream', () => {
  it('I8 never leaves the hosts of the provider', () => {
    const hosts: Readonly<Record<string, RegExp>> = {
      openai: /^api\.openai\.com$/,
      'azure-openai': /^[a-z0-9-]+\.(?:openai|services\.ai)\.azure\.com$/,
      'aws-bedrock': /^bedrock[a-z-]*\.[a-z0-9-]+\.(?:amazonaws\.com|api\.aws)$/,
      'google-vertex-ai': /^(?:[a-z0-9-]+-)?aiplatform(?:\.(?:us|eu)\.rep)?\.googleapis\.com$/,
      baseten: /^(?:inference|model-[a-z0-9-]+\.api)\.baseten\.co$/,
    };
    const piece = fc.oneof(
      fc.constantFrom(
        'bedrock-runtime',
        'us-east-1',
        'model',
        'openai',
        'v1',
        'locations',
        '..',
        '@evil.com',
        'evil.com',
        '%2f',
        '#',
        '?',
        ':443',
        '',
      ),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(hosts)), fc.array(piece, { maxLength: 6 }), (slug, pieces) => {
        const resolved = resolveUpstream(slug, pieces.join('/'));
        if (resolved.ok) expect(new URL(resolved.url).host).toMatch(hosts[slug] ?? /^$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
