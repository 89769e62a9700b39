import { describe, expect, it } from 'vitest';
import { cutBody, exchangeWith, sse } from '../testing/bodies.ts';
import { readExchange } from './read-exchange.ts';

const usage = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 5 },
};
const request = JSON.stringify({
  model: 'gpt-test',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'What is a weir?' }] },
  ],
});

describe('chat', () => {
  it('I6 reads a document and keeps the usage object as it stood on the wire', () => {
    const raw = '{ "prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "new_field": 1.50 }';
    const facts = readExchange(
      exchangeWith({
        request,
        response: `{"id":"c1","model":"gpt-test-1","service_tier":"flex","choices":[{"finish_reason":"stop","message":{"content":"A \\"usage\\": {} wall."}}],"usage":${raw}}`,
      }),
    );
    expect(facts).toMatchObject({
      pricingProvider: 'openai',
      operation: 'chat',
      requestModel: 'gpt-test',
      responseModel: 'gpt-test-1',
      responseId: 'c1',
      finishReasons: ['stop'],
      stream: false,
      serviceTier: 'flex',
      usageFamily: 'chat',
      usageRaw: raw,
      usageSource: 'reported',
      flags: [],
      error: null,
      promptPreview: 'What is a weir?',
      responsePreview: 'A "usage": {} wall.',
    });
    expect(facts.usage).toMatchObject({ inputTokens: 9, outputTokens: 1, totalTokens: 10 });
    expect(facts.promptTemplate).toContain('Be brief.');
  });

  it('reads a stream: last usage, all finish reasons, text of the deltas', () => {
    const chunk = { id: 'c2', model: 'gpt-test-1', usage: null };
    const facts = readExchange(
      exchangeWith({
        request,
        responseContentType: 'text/event-stream',
        response: sse(
          ['', { ...chunk, id: '', model: '', choices: [] }],
          ['', { ...chunk, choices: [{ index: 0, delta: { content: 'A "wall"' }, finish_reason: null }] }],
          ['', { ...chunk, choices: [{ index: 0, delta: { content: ' across' }, finish_reason: null }] }],
          ['', { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
          ['', { ...chunk, choices: [{ index: 1, delta: {}, finish_reason: 'length' }] }],
          ['', { ...chunk, choices: [], usage }],
          ['', '[DONE]'],
        ),
      }),
    );
    expect(facts).toMatchObject({
      responseId: 'c2',
      responseModel: 'gpt-test-1',
      finishReasons: ['stop', 'length'],
      stream: true,
      usageRaw: JSON.stringify(usage),
      responsePreview: 'A "wall" across',
    });
    expect(facts.usage).toMatchObject({ cacheReadTokens: 60, cacheWriteTokens: 10, reasoningTokens: 5 });
  });

  it('says so when a stream has no usage, and takes the one before a cut chunk', () => {
    const text = sse(['', { model: 'm', choices: [{ delta: { content: 'x' }, finish_reason: null }] }], ['', '[DONE]']);
    const missing = readExchange(exchangeWith({ responseContentType: 'text/event-stream', response: text }));
    expect(missing).toMatchObject({ usage: null, usageSource: 'missing', flags: ['usage_missing'] });
    const running = sse(['', { model: 'm', choices: [{ delta: {}, finish_reason: null }], usage }]);
    const cut = readExchange(
      exchangeWith({
        provider: 'perplexity-ai',
        responseContentType: 'text/event-stream',
        response: `${running}data: {"model":"m","usage":{"prompt_tokens":100,"comp`,
        complete: false,
      }),
    );
    expect(cut).toMatchObject({ usageSource: 'partial', usageFamily: 'chat:perplexity' });
    expect(cut.usage?.inputTokens).toBe(100);
  });

  it.each([
    ['grok', { completion_tokens: 3, total_tokens: 20, completion_tokens_details: { reasoning_tokens: 7 } }, 10, 10],
    ['mistral', { completion_tokens: 3, total_tokens: 18, prompt_tokens_details: { audio_tokens: 5 } }, 15, 3],
    ['google-ai-studio', { completion_tokens: 3, total_tokens: 19 }, 10, 9],
    [
      'custom-own',
      { completion_tokens: 3, total_tokens: 20, completion_tokens_details: { reasoning_tokens: 7 } },
      10,
      10,
    ],
  ])('I5 %s: classes add up to the total', (provider, details, input, output) => {
    const body = { model: 'm', choices: [], usage: { prompt_tokens: 10, ...details } };
    const facts = readExchange(exchangeWith({ provider, response: JSON.stringify(body) }));
    expect(facts.usage).toMatchObject({ inputTokens: input, outputTokens: output, totalTokens: input + output });
    expect(facts.flags).toEqual([]);
  });

  it('clamps what cannot be, and flags it', () => {
    const impossible = {
      ...usage,
      prompt_tokens_details: { cached_tokens: 163 },
      completion_tokens_details: { reasoning_tokens: 99 },
    };
    const response = JSON.stringify({ choices: [], usage: impossible });
    const facts = readExchange(exchangeWith({ provider: 'azure-openai', response }));
    expect(facts.usage).toMatchObject({ cacheReadTokens: 100, reasoningTokens: 20 });
    expect(facts.flags).toEqual(['cached_clamped', 'reasoning_clamped']);
    const negative = JSON.stringify({
      choices: [],
      usage: { prompt_tokens: -5, completion_tokens: 1.5, total_tokens: 1 },
    });
    expect(readExchange(exchangeWith({ response: negative })).flags).toContain('invalid_count');
  });

  it('prices each model of a Groq compound answer', () => {
    const part = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
    const response = JSON.stringify({
      model: 'compound',
      choices: [],
      usage,
      usage_breakdown: {
        models: [
          { model: 'a', usage: part },
          { model: 'b', usage: part },
        ],
      },
    });
    const facts = readExchange(exchangeWith({ provider: 'groq', response }));
    expect(facts.usageParts.map(({ model, usage: { inputTokens } }) => [model, inputTokens])).toEqual([
      ['a', 5],
      ['b', 5],
    ]);
    expect(facts.usage?.inputTokens).toBe(100);
  });

  it('takes cached tokens from the header of Fireworks, and the model from a request of which the middle is missing', () => {
    const long = JSON.stringify({
      messages: [{ role: 'user', content: '"model":"no" '.repeat(99) }],
      model: 'fw-test',
      stream: true,
    });
    const facts = readExchange(
      exchangeWith({
        provider: 'fireworks',
        request: cutBody(new TextEncoder().encode(long), 50, 60),
        response: JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 } }),
        responseHeaders: { 'fireworks-cached-prompt-tokens': '4' },
      }),
    );
    expect(facts).toMatchObject({ requestModel: 'fw-test', usage: { inputTokens: 9, cacheReadTokens: 4 } });
    expect(facts.usageRaw).not.toContain('cached');
  });

  it('names the provider behind the Hugging Face router', () => {
    const response = JSON.stringify({ choices: [], usage });
    const responseHeaders = { 'x-inference-provider': 'fireworks-ai' };
    expect(readExchange(exchangeWith({ provider: 'huggingface', response, responseHeaders })).pricingProvider).toBe(
      'fireworks',
    );
  });
});

describe('reported cost', () => {
  const costOf = (provider: string, more: string): { cost: string; flags: readonly string[] } => {
    const response = `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,${more}}}`;
    const { reportedCostUsd, flags } = readExchange(exchangeWith({ provider, response }));
    return { cost: reportedCostUsd, flags };
  };

  it('I4 is taken from the text', () => {
    expect(costOf('openrouter', '"cost":0.10000000000000000001').cost).toBe('0.10000000000000000001');
    expect(costOf('openrouter', '"cost":3.36e-05').cost).toBe('0.0000336');
    expect(costOf('grok', '"cost_in_usd_ticks":1466250').cost).toBe('0.000146625');
    expect(costOf('perplexity-ai', '"cost":{"total_cost":0.00502}').cost).toBe('0.00502');
    expect(costOf('azure-openai', '"cost_in_usd_ticks":0').cost).toBe('');
    expect(costOf('custom-own', '"cost":5').cost).toBe('');
  });

  it('adds the fee to the charge when the key is the owner’s', () => {
    const byok = '"cost":0.0000005,"is_byok":true,"cost_details":{"upstream_inference_cost":0.00001}';
    expect(costOf('openrouter', byok)).toEqual({ cost: '0.0000105', flags: ['byok'] });
    expect(costOf('openrouter', '"cost":0,"is_byok":true').cost).toBe('');
  });
});

describe('responses', () => {
  const counts = {
    input_tokens: 50,
    output_tokens: 30,
    total_tokens: 80,
    input_tokens_details: { cached_tokens: 20 },
    output_tokens_details: { reasoning_tokens: 10 },
  };
  const answer = {
    id: 'resp_1',
    object: 'response',
    model: 'gpt-test-2',
    status: 'completed',
    service_tier: 'priority',
    error: null,
    tools: [{ type: 'function', name: 'usage', parameters: { properties: { usage: { type: 'object' } } } }],
    output: [
      { type: 'web_search_call', action: { type: 'search' } },
      { type: 'web_search_call', action: { type: 'open_page' } },
      { type: 'file_search_call' },
      { type: 'code_interpreter_call', container_id: 'a' },
      { type: 'code_interpreter_call', container_id: 'a' },
      { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] },
    ],
    usage: counts,
  };

  it('reads a document with its tool calls', () => {
    const facts = readExchange(exchangeWith({ path: '/v1/responses', response: JSON.stringify(answer) }));
    expect(facts).toMatchObject({
      usageFamily: 'responses',
      serviceTier: 'priority',
      usageRaw: JSON.stringify(counts),
      responsePreview: 'Hello',
    });
    expect(facts.usage).toMatchObject({ inputTokens: 50, cacheReadTokens: 20, reasoningTokens: 10 });
    expect(facts.usage?.units).toEqual({ webSearches: 1, fileSearches: 1, codeExecutions: 1 });
  });

  it('reads the last terminal event of a stream', () => {
    const response = sse(
      [
        'response.created',
        { type: 'response.created', response: { ...answer, status: 'in_progress', output: [], usage: null } },
      ],
      ['response.output_text.delta', { type: 'response.output_text.delta', delta: 'Hel' }],
      ['response.output_text.delta', { type: 'response.output_text.delta', delta: 'lo' }],
      ['response.completed', { type: 'response.completed', response: answer }],
    );
    const facts = readExchange(
      exchangeWith({ path: '/v1/responses', responseContentType: 'text/event-stream', response }),
    );
    expect(facts).toMatchObject({
      responseId: 'resp_1',
      responsePreview: 'Hello',
      finishReasons: ['completed'],
      usageSource: 'reported',
    });
    expect(facts.usage?.outputTokens).toBe(30);
  });

  it('reads the usage of a terminal event whose beginning was not kept', () => {
    const long = { instructions: 'x'.repeat(3_000), ...answer, output: [] };
    const text = sse(
      ['response.created', { type: 'response.created', response: { ...long, usage: null } }],
      ['response.completed', { type: 'response.completed', response: long }],
    );
    const bytes = new TextEncoder().encode(text);
    const facts = readExchange(
      exchangeWith({
        path: '/v1/responses',
        responseContentType: 'text/event-stream',
        response: cutBody(bytes, 100, 400),
      }),
    );
    expect(facts).toMatchObject({
      usageFamily: 'responses',
      usageSource: 'reported',
      usageRaw: JSON.stringify(counts),
    });
    expect(facts.flags).toEqual(['capture_truncated']);
  });

  it('marks a repeated answer, which is not billed again', () => {
    const facts = readExchange(
      exchangeWith({ method: 'GET', path: '/v1/responses/resp_1', response: JSON.stringify(answer) }),
    );
    expect(facts.flags).toContain('repeated_usage');
  });

  it('reads images, transcriptions, realtime and embeddings', () => {
    const image = {
      data: [{ b64_json: 'x' }],
      usage: { ...counts, output_tokens_details: { image_tokens: 30, text_tokens: 0 } },
    };
    const made = readExchange(
      exchangeWith({
        path: '/v1/images/generations',
        request: '{"model":"i","size":"1024x1024"}',
        response: JSON.stringify(image),
      }),
    );
    expect(made).toMatchObject({ operation: 'image', flags: ['image_size:1024x1024'] });
    expect(made.usage).toMatchObject({ outputImageTokens: 30, units: { images: 1 } });
    const heard = { text: 'hi', usage: { type: 'duration', seconds: 7 } };
    const transcribed = readExchange(
      exchangeWith({ path: '/v1/audio/transcriptions', response: JSON.stringify(heard) }),
    );
    expect(transcribed.usage?.units).toEqual({ inputAudioSeconds: 7 });
    const done = {
      type: 'response.done',
      event_id: 'e',
      response: {
        id: 'r',
        usage: {
          input_tokens: 5,
          output_tokens: 2,
          total_tokens: 7,
          input_token_details: { audio_tokens: 4, cached_tokens: 3, cached_tokens_details: { audio_tokens: 2 } },
        },
      },
    };
    const lines = `${JSON.stringify({ type: 'session.created' })}\n${JSON.stringify(done)}\n${JSON.stringify(done)}`;
    const spoken = readExchange(exchangeWith({ method: 'GET', status: 101, path: '/v1/realtime', response: lines }));
    expect(spoken).toMatchObject({ usageFamily: 'realtime', error: null });
    expect(spoken.usage).toMatchObject({
      inputTokens: 10,
      inputAudioTokens: 8,
      cacheReadAudioTokens: 4,
      totalTokens: 14,
    });
    const embedded = readExchange(
      exchangeWith({
        path: '/v1/embeddings',
        request: '{"model":"e","input":["first","second"]}',
        response: '{"object":"list","model":"e-1","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}',
      }),
    );
    expect(embedded).toMatchObject({
      operation: 'embeddings',
      usageFamily: 'simple_in',
      responseModel: 'e-1',
      promptPreview: 'second',
    });
    expect(embedded.usage).toMatchObject({ inputTokens: 8, outputTokens: 0 });
    const speech = readExchange(
      exchangeWith({
        path: '/v1/audio/speech',
        request: '{"model":"t","input":"a😀"}',
        responseContentType: 'audio/mpeg',
        response: 'ID3',
      }),
    );
    expect(speech).toMatchObject({ usageSource: 'partial', usage: { units: { inputCharacters: 2 } } });
  });
});
