/** What holds for every family and framing: made bodies always, every recorded one where they are at hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange, ExchangeFacts } from '../exchange.ts';
import { awsFrames, cutBody, exchangeWith, sse } from '../testing/bodies.ts';
import { exchangeOf, recordedEntries } from '../testing/recorded-exchanges.ts';
import { readExchange } from './read-exchange.ts';

const STREAM = 'text/event-stream';
const chat = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const gemini = { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 14 };
const claude = { input_tokens: 10, output_tokens: 4 };
const responses = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
const body = (response: string | Uint8Array, more: Partial<Exchange> = {}): Exchange =>
  exchangeWith({
    ...more,
    response:
      typeof response === 'string' ? response : { head: response, tail: new Uint8Array(), bytes: response.byteLength },
  });
const json = (value: unknown, more: Partial<Exchange> = {}): Exchange => body(JSON.stringify(value), more);
const lines = (...values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** One exchange of each family in each framing that it has; every one used 10 tokens in and 4 out. */
const MADE: Readonly<Record<string, Exchange>> = {
  'chat json': json({
    id: 'c',
    model: 'm',
    choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
    usage: chat,
  }),
  'chat sse': body(
    sse(
      ['', { id: 'c', model: 'm', choices: [{ delta: { content: 'Hi' } }] }],
      ['', { choices: [], usage: chat }],
      ['', '[DONE]'],
    ),
    { responseContentType: STREAM },
  ),
  'groq sse': body(sse(['', { id: 'c', choices: [], x_groq: { usage: chat } }]), {
    provider: 'groq',
    responseContentType: STREAM,
  }),
  'responses json': json({ object: 'response', id: 'r', model: 'm', status: 'completed', usage: responses }),
  'responses sse': body(
    sse(
      ['response.created', { type: 'response.created', response: { id: 'r', usage: null } }],
      ['response.completed', { type: 'response.completed', response: { id: 'r', model: 'm', usage: responses } }],
    ),
    { path: '/v1/responses', responseContentType: STREAM },
  ),
  'realtime lines': body(
    lines({ type: 'session.created' }, { type: 'response.done', response: { id: 'r', usage: responses } }),
    { method: 'WS', path: '/v1/realtime', responseContentType: 'application/x-ndjson' },
  ),
  'transcription sse': body(sse(['', { type: 'transcript.text.done', text: 'Hi', usage: responses }]), {
    path: '/v1/audio/transcriptions',
    responseContentType: STREAM,
  }),
  'anthropic json': json(
    { type: 'message', id: 'a', model: 'm', content: [{ type: 'text', text: 'Hi' }], usage: claude },
    { provider: 'anthropic', path: '/v1/messages' },
  ),
  'anthropic sse': body(
    sse(
      [
        'message_start',
        { type: 'message_start', message: { id: 'a', model: 'm', usage: { ...claude, output_tokens: 1 } } },
      ],
      ['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }],
    ),
    { provider: 'anthropic', path: '/v1/messages', responseContentType: STREAM },
  ),
  'gemini json': json(
    { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }], usageMetadata: gemini },
    { provider: 'google-ai-studio', path: '/v1beta/models/m:generateContent' },
  ),
  'gemini sse': body(
    sse(
      [
        '',
        {
          candidates: [{ content: { parts: [{ text: 'Hi' }] } }],
          usageMetadata: { ...gemini, candidatesTokenCount: 1 },
        },
      ],
      ['', { candidates: [{ finishReason: 'STOP' }], usageMetadata: gemini }],
    ),
    { provider: 'google-ai-studio', path: '/v1beta/models/m:streamGenerateContent', responseContentType: STREAM },
  ),
  'gemini array': body(
    `[${[
      { usageMetadata: { trafficType: 'ON_DEMAND' } },
      { candidates: [{ finishReason: 'STOP' }], usageMetadata: gemini },
    ]
      .map((value) => JSON.stringify(value))
      .join(',\n')}]`,
    { provider: 'google-vertex-ai', path: '/v1/models/m:streamGenerateContent' },
  ),
  'interactions json': json(
    {
      id: 'i',
      model: 'm',
      status: 'completed',
      usage: { total_input_tokens: 10, total_output_tokens: 4, total_tokens: 14 },
    },
    { provider: 'google-ai-studio', path: '/v1beta/interactions' },
  ),
  'converse json': json(
    {
      output: { message: { content: [{ text: 'Hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 },
    },
    { provider: 'aws-bedrock', path: '/model/m/converse' },
  ),
  'converse frames': body(
    awsFrames(
      ['contentBlockDelta', { delta: { text: 'Hi' } }],
      ['messageStop', { stopReason: 'end_turn' }],
      ['metadata', { usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 } }],
    ),
    {
      provider: 'aws-bedrock',
      path: '/model/m/converse-stream',
      responseContentType: 'application/vnd.amazon.eventstream',
    },
  ),
  'invoke frames': body(
    awsFrames(
      [
        'chunk',
        {
          bytes: base64({
            type: 'message_start',
            message: { id: 'a', model: 'm', usage: { ...claude, output_tokens: 1 } },
          }),
        },
      ],
      [
        'chunk',
        { bytes: base64({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }) },
      ],
    ),
    {
      provider: 'aws-bedrock',
      path: '/model/m/invoke-with-response-stream',
      responseContentType: 'application/vnd.amazon.eventstream',
    },
  ),
  'titan json': json(
    { inputTextTokenCount: 10, results: [{ tokenCount: 4, outputText: 'Hi', completionReason: 'FINISH' }] },
    { provider: 'aws-bedrock', path: '/model/amazon.titan-text-lite-v1/invoke' },
  ),
  'llama json': json(
    { generation: 'Hi', prompt_token_count: 10, generation_token_count: 4, stop_reason: 'stop' },
    { provider: 'aws-bedrock', path: '/model/meta.llama3-8b-instruct-v1:0/invoke' },
  ),
  'cohere json': json(
    { id: 'c', message: { content: [{ type: 'text', text: 'Hi' }] }, usage: { tokens: claude, billed_units: claude } },
    { provider: 'cohere', path: '/v2/chat' },
  ),
  'cohere sse': body(
    sse(
      ['message-start', { type: 'message-start', id: 'c' }],
      [
        'message-end',
        { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: { tokens: claude, billed_units: claude } } },
      ],
    ),
    { provider: 'cohere', path: '/v2/chat', responseContentType: STREAM },
  ),
  'cohere lines': body(
    lines(
      { event_type: 'stream-start', generation_id: 'c' },
      {
        event_type: 'stream-end',
        finish_reason: 'COMPLETE',
        response: { meta: { tokens: claude, billed_units: claude } },
      },
    ),
    { provider: 'cohere', path: '/v1/chat', responseContentType: 'application/stream+json' },
  ),
  'ollama lines': body(
    lines(
      { model: 'm', message: { content: 'Hi' }, done: false },
      { model: 'm', done: true, done_reason: 'stop', prompt_eval_count: 10, eval_count: 4 },
    ),
    { provider: 'ollama', path: '/api/chat', responseContentType: 'application/x-ndjson' },
  ),
  'workers json': json(
    { success: true, errors: [], result: { response: 'Hi', usage: chat } },
    { provider: 'workers-ai', path: '/client/v4/accounts/a/ai/run/@cf/meta/m' },
  ),
  'workers sse': body(sse(['', { response: 'Hi' }], ['', { response: '', usage: chat }], ['', '[DONE]']), {
    provider: 'workers-ai',
    path: '/client/v4/accounts/a/ai/run/@cf/meta/m',
    responseContentType: STREAM,
  }),
  'batch lines': body(
    lines({ custom_id: '1', response: { body: { model: 'm', usage: chat } } }, { custom_id: '2', response: null }),
    { method: 'GET', path: '/v1/files/f/content', responseContentType: 'application/jsonl' },
  ),
};

const RECORDED = Object.fromEntries(recordedEntries.map((entry) => [entry.id, exchangeOf(entry)]));
const EVERY: readonly (readonly [name: string, exchange: Exchange])[] = Object.entries({ ...MADE, ...RECORDED });
const every = fc.constantFrom(...EVERY);
const counts = ({ usage, billedUsage, usageParts, reportedCostUsd, serviceTier }: ExchangeFacts) => ({
  usage,
  billedUsage,
  usageParts,
  reportedCostUsd,
  serviceTier,
});

/** Members that no provider sends today, of every kind of value, first and last in every object. */
const NEW = {
  a_new_number: 7,
  a_new_text: 'usage',
  a_new_null: null,
  a_new_list: [{ tokens: 3 }],
  a_new_object: { deep: { input: 1 } },
};

function withNewMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNewMembers);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withNewMembers(member)] as const);
  return { first_new: 'x', ...Object.fromEntries(members), ...NEW };
}

/** The same body with new members in the usage objects and all around them; undefined when it is not text of JSON. */
function extended(exchange: Exchange): Exchange | undefined {
  const text = Buffer.from(exchange.response.head).toString('utf8');
  const grow = (source: string): string | undefined => {
    try {
      const value: unknown = JSON.parse(source);
      return typeof value === 'object' ? JSON.stringify(withNewMembers(value)) : source;
    } catch {
      return undefined;
    }
  };
  const whole = grow(text);
  const grown =
    whole ??
    text.replaceAll(/^(data: ?)?(\{.*\})(\r?)$/gm, (line, data = '', source: string, end: string) => {
      const more = grow(source);
      return more === undefined ? line : `${data}${more}${end}`;
    });
  if (grown === text) return undefined;
  const head = new TextEncoder().encode(grown);
  return { ...exchange, response: { head, tail: new Uint8Array(), bytes: head.byteLength } };
}

describe('every family in every framing', () => {
  it.each(Object.entries(MADE))('I5 %s is read', (_, exchange) => {
    expect(readExchange(exchange).usage).toMatchObject({ inputTokens: 10, outputTokens: 4 });
  });

  it('I5 where a chunk ends never changes the result', () => {
    fc.assert(
      fc.property(every, fc.nat(), ([, exchange], seed) => {
        const { head } = exchange.response;
        const at = seed % (head.byteLength + 1);
        const split = { head: head.subarray(0, at), tail: head.subarray(at), bytes: head.byteLength };
        expect(readExchange({ ...exchange, response: split })).toEqual(readExchange(exchange));
      }),
      { numRuns: 1_500 },
    );
  });

  it('truncation never throws, and never invents a count', () => {
    fc.assert(
      fc.property(every, fc.nat(), fc.nat(), fc.boolean(), ([, exchange], first, last, complete) => {
        const { head } = exchange.response;
        const response = cutBody(head, first % (head.byteLength + 1), last % (head.byteLength + 1));
        const facts = readExchange({ ...exchange, complete, response });
        const whole = readExchange(exchange);
        // Running counts of an unfinished stream are smaller, never larger than the final ones.
        if (whole.usage === null || !MADE_IDS.has(exchange)) return;
        expect(facts.usage?.inputTokens ?? 0).toBeLessThanOrEqual(whole.usage.inputTokens);
        expect(facts.usage?.outputTokens ?? 0).toBeLessThanOrEqual(whole.usage.outputTokens);
      }),
      { numRuns: 1_500 },
    );
  });

  it('a broken-off body never throws, at any byte', () => {
    for (const [, exchange] of Object.entries(MADE)) {
      const { head } = exchange.response;
      for (let end = 0; end < head.byteLength; end += 1) {
        const cut = head.subarray(0, end);
        readExchange({ ...exchange, complete: false, response: { head: cut, tail: new Uint8Array(), bytes: end } });
      }
    }
  });

  it('I5 fields that nobody knows never change a count', () => {
    const grown = EVERY.flatMap(([name, exchange]) => {
      const more = extended(exchange);
      return more === undefined ? [] : [[name, exchange, more] as const];
    });
    expect(grown.length).toBeGreaterThan(15);
    const changed = grown.filter(([, exchange, more]) => {
      const [before, after] = [counts(readExchange(exchange)), counts(readExchange(more))];
      return JSON.stringify(before) !== JSON.stringify(after);
    });
    expect(changed.map(([name]) => name)).toEqual([]);
  });
});

const MADE_IDS: ReadonlySet<Exchange> = new Set(Object.values(MADE));
