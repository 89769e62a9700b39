import { describe, expect, it } from 'vitest';
import { exchangeWith } from '../testing/bodies.ts';
import { readExchange } from './read-exchange.ts';

const chat = (prompt: number, completion: number) => ({
  id: 'chatcmpl-1',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
});
const openAi = [
  { id: 'b1', custom_id: 'a', response: { status_code: 200, body: chat(10, 2) }, error: null },
  { id: 'b2', custom_id: 'b', response: { status_code: 400, body: { error: { message: 'no' } } }, error: null },
  { id: 'b3', custom_id: 'c', response: { status_code: 200, body: chat(20, 3) }, error: null },
];
const anthropic = [
  {
    custom_id: 'a',
    result: {
      type: 'succeeded',
      message: {
        type: 'message',
        model: 'claude-sonnet-4-6',
        usage: { input_tokens: 5, cache_read_input_tokens: 50, output_tokens: 4, service_tier: 'batch' },
      },
    },
  },
  { custom_id: 'b', result: { type: 'errored', error: { type: 'error', error: { type: 'api_error' } } } },
];
const gemini = [
  {
    key: 'a',
    response: {
      modelVersion: 'gemini-2.5-flash',
      candidates: [],
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 1, thoughtsTokenCount: 2, totalTokenCount: 10 },
    },
  },
];
const lines = (items: readonly object[]) => items.map((item) => JSON.stringify(item)).join('\n');
const partsOf = (
  path: string,
  items: readonly object[],
  responseContentType = 'application/octet-stream',
  provider = 'openai',
) => readExchange(exchangeWith({ provider, method: 'GET', path, responseContentType, response: lines(items) }));
const FILE = '/v1/files/file-abc/content';

describe('results of a batch', () => {
  it.each([
    [
      'an OpenAI output file',
      partsOf(FILE, openAi),
      [
        [10, 2],
        [20, 3],
      ],
      'gpt-4o-mini-2024-07-18',
    ],
    ['a file of one line', partsOf(FILE, openAi.slice(0, 1)), [[10, 2]], 'gpt-4o-mini-2024-07-18'],
    [
      'a file that calls itself JSON lines',
      partsOf(FILE, openAi, 'application/jsonl'),
      [
        [10, 2],
        [20, 3],
      ],
      'gpt-4o-mini-2024-07-18',
    ],
    [
      'Anthropic results',
      partsOf('/v1/messages/batches/msgbatch_1/results', anthropic, 'application/x-jsonl', 'anthropic'),
      [[55, 4]],
      'claude-sonnet-4-6',
    ],
    [
      'a Gemini result file',
      partsOf('/v1beta/files/abc/content', gemini, 'application/jsonl', 'google-ai-studio'),
      [[7, 3]],
      'gemini-2.5-flash',
    ],
  ])('I5 are read one by one and billed with the batch: %s', (_, facts, counts, model) => {
    expect(facts.usageParts.map(({ usage }) => [usage.inputTokens, usage.outputTokens])).toEqual(counts);
    expect(facts.usageParts[0]?.model).toBe(model);
    expect(facts.serviceTier).toBe('batch');
    expect(facts.flags).toContain('repeated_usage');
  });

  it('any other file is free', () => {
    for (const response of ['{"a":1}', 'plain', '{"custom_id":"training data","messages":[]}']) {
      const facts = readExchange(exchangeWith({ method: 'GET', path: FILE, response }));
      expect([facts.usage, facts.flags]).toEqual([null, ['free_endpoint']]);
    }
  });
});

describe('the service tier', () => {
  const tierOf = (asked: unknown, told: unknown) =>
    readExchange(
      exchangeWith({
        request: JSON.stringify({ model: 'gpt-5', messages: [], service_tier: asked }),
        response: JSON.stringify({ ...chat(1, 1), service_tier: told }),
      }),
    );

  it.each([
    ['flex', 'default', 'default', false],
    ['priority', 'flex', 'flex', false],
    ['flex', undefined, 'flex', true],
    [undefined, undefined, '', false],
  ])('asked for %s and told %s is %s', (asked, told, tier, fromRequest) => {
    const facts = tierOf(asked, told);
    expect(facts.serviceTier).toBe(tier);
    expect(facts.flags.includes('tier_from_request')).toBe(fromRequest);
  });
});

it('Vertex embeddings that are sold by the character count characters', () => {
  const response = {
    predictions: [
      { embeddings: { statistics: { token_count: 4 }, values: [0.1] } },
      { embeddings: { statistics: { token_count: 3 } } },
    ],
    metadata: { billableCharacterCount: 31 },
  };
  const path = '/v1/projects/p/locations/us-central1/publishers/google/models/text-embedding-005:predict';
  const facts = readExchange(exchangeWith({ provider: 'google-vertex-ai', path, response: JSON.stringify(response) }));
  expect(facts.usage).toMatchObject({ inputTokens: 7, units: { inputCharacters: 31 } });
});

it('keeps the units of a guardrail as they stand', () => {
  const usage = { contentPolicyUnits: 1, topicPolicyUnits: 2 };
  const facts = readExchange(
    exchangeWith({
      provider: 'aws-bedrock',
      path: '/guardrail/g1/version/1/apply',
      response: JSON.stringify({ action: 'NONE', usage }),
    }),
  );
  expect([facts.usageFamily, facts.usageRaw, facts.usage]).toEqual(['guardrail', JSON.stringify(usage), null]);
});
