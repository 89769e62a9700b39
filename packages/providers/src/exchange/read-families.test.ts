import { describe, expect, it } from 'vitest';
import { awsFrames, exchangeWith, sse, wholeBody } from '../testing/bodies.ts';
import { readExchange } from './read-exchange.ts';

const EVENTS = { responseContentType: 'text/event-stream' };

describe('anthropic', () => {
  const start = {
    input_tokens: 10,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 5,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 1,
    service_tier: 'standard',
    inference_geo: 'us',
  };
  const message = { id: 'msg_1', type: 'message', model: 'claude-test', stop_reason: null, content: [], usage: start };
  const call = { provider: 'anthropic', path: '/v1/messages' };

  it('adds cache reads and writes to the input', () => {
    const body = {
      ...message,
      stop_reason: 'end_turn',
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'Hi' },
      ],
    };
    const facts = readExchange(exchangeWith({ ...call, response: JSON.stringify(body) }));
    expect(facts).toMatchObject({
      usageFamily: 'anthropic',
      region: 'us',
      serviceTier: 'standard',
      responsePreview: 'Hi',
      finishReasons: ['end_turn'],
    });
    expect(facts.usage).toMatchObject({
      inputTokens: 45,
      cacheReadTokens: 5,
      cacheWriteTokens: 30,
      cacheWrite5mTokens: 10,
      cacheWrite1hTokens: 20,
    });
  });

  it('lets the delta of a stream override, never add; writes beyond the split are 5 minutes', () => {
    const response = sse(
      ['message_start', { type: 'message_start', message: { ...message, id: 'spliced' } }],
      ['message_start', { type: 'message_start', message }],
      ['ping', { type: 'ping' }],
      ['content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }],
      [
        'message_delta',
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { input_tokens: 12, cache_creation_input_tokens: 35, output_tokens: 9 },
        },
      ],
      ['message_stop', { type: 'message_stop' }],
    );
    const facts = readExchange(exchangeWith({ ...call, ...EVENTS, response }));
    expect(facts).toMatchObject({ responseId: 'msg_1', usageSource: 'reported', responsePreview: 'Hi' });
    expect(facts.usage).toMatchObject({
      inputTokens: 52,
      outputTokens: 9,
      cacheWrite1hTokens: 20,
      cacheWrite5mTokens: 15,
    });
  });

  it('keeps the partial usage of a stream that failed', () => {
    const response = sse(
      ['message_start', { type: 'message_start', message }],
      ['error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
    );
    const facts = readExchange(exchangeWith({ ...call, ...EVENTS, response }));
    expect(facts).toMatchObject({
      usageSource: 'partial',
      error: { category: 'overloaded', code: 'overloaded_error', retryable: true, midStream: true },
    });
    expect(facts.flags).toContain('ok_status_with_error');
  });

  it('bills every iteration at its own model', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 900, output_tokens: 8 },
      { type: 'advisor_message', model: 'claude-big', input_tokens: 50, output_tokens: 5 },
      { type: 'message', input_tokens: 10, output_tokens: 2 },
    ];
    const usage = { input_tokens: 10, output_tokens: 2, iterations, server_tool_use: { web_search_requests: 3 } };
    const facts = readExchange(exchangeWith({ ...call, response: JSON.stringify({ ...message, usage }) }));
    expect(
      facts.usageParts.map(({ model, usage: part }) => [model, part.inputTokens, part.units.webSearches ?? 0]),
    ).toEqual([
      ['claude-test', 900, 3],
      ['claude-big', 50, 0],
      ['claude-test', 10, 0],
    ]);
    expect(facts.billedUsage).toMatchObject({ inputTokens: 960, outputTokens: 15, units: { webSearches: 3 } });
    expect(facts.usage).toMatchObject({ inputTokens: 10, outputTokens: 2 });
  });
});

describe('gemini', () => {
  const call = { provider: 'google-ai-studio', path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse' };
  const counts = {
    promptTokenCount: 100,
    candidatesTokenCount: 10,
    thoughtsTokenCount: 30,
    toolUsePromptTokenCount: 4,
    cachedContentTokenCount: 40,
    totalTokenCount: 144,
    serviceTier: 'flex',
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 20 },
      { modality: 'AUDIO', tokenCount: 30 },
      { modality: 'VIDEO', tokenCount: 50 },
    ],
    cacheTokensDetails: [{ modality: 'VIDEO', tokenCount: 40 }],
  };
  const chunk = (text: string, more: object = {}): object => ({
    candidates: [{ content: { parts: [{ text: 'hidden', thought: true }, { text }] } }],
    modelVersion: 'gemini-2.5-flash',
    responseId: 'g1',
    ...more,
  });

  it('replaces usage chunk by chunk, and adds thoughts and tool prompts', () => {
    const response = sse(
      ['', chunk('A ', { usageMetadata: { trafficType: 'ON_DEMAND' } })],
      ['', chunk('wall', { usageMetadata: { ...counts, totalTokenCount: 999, candidatesTokenCount: 865 } })],
      [
        '',
        {
          ...chunk(''),
          candidates: [{ finishReason: 'STOP', groundingMetadata: { webSearchQueries: ['a', 'b'] } }],
          usageMetadata: counts,
        },
      ],
    );
    const facts = readExchange(exchangeWith({ ...call, ...EVENTS, response }));
    expect(facts).toMatchObject({
      pricingProvider: 'google',
      operation: 'generate_content',
      requestModel: 'gemini-2.5-flash',
      responseId: 'g1',
      finishReasons: ['STOP'],
      serviceTier: 'flex',
      stream: true,
      usageSource: 'reported',
      flags: [],
    });
    expect(facts.usage).toMatchObject({
      inputTokens: 104,
      outputTokens: 40,
      reasoningTokens: 30,
      toolUsePromptTokens: 4,
      cacheReadTokens: 40,
      cacheReadVideoTokens: 40,
      inputAudioTokens: 30,
      inputVideoTokens: 50,
      units: { webSearches: 1 },
    });
  });

  it('reads the array form, and an error that breaks it off', () => {
    const response = JSON.stringify([chunk('A'), { ...chunk('B'), usageMetadata: counts }]);
    const facts = readExchange(exchangeWith({ ...call, path: call.path.replace('?alt=sse', ''), response }));
    expect(facts).toMatchObject({ stream: true, usageSource: 'partial', responsePreview: 'AB' });
    const broken = `data: ${JSON.stringify(chunk('A'))}\n\n{\n  "error": {\n    "code": 499,\n    "status": "CANCELLED", "message": "gone"\n  }\n}\n`;
    expect(readExchange(exchangeWith({ ...call, ...EVENTS, response: broken })).error).toMatchObject({
      category: 'cancelled',
      midStream: true,
    });
  });

  it('reads Interactions and Vertex predictions', () => {
    const interaction = {
      id: 'i',
      model: 'g',
      status: 'completed',
      object: 'interaction',
      usage: { total_input_tokens: 9, total_output_tokens: 3, total_thought_tokens: 5, total_tokens: 17 },
    };
    const facts = readExchange(
      exchangeWith({ ...call, path: '/v1beta/interactions', response: JSON.stringify(interaction) }),
    );
    expect(facts).toMatchObject({
      usageFamily: 'interactions',
      usage: { inputTokens: 9, outputTokens: 8, totalTokens: 17 },
    });
    const predictions = [
      { embeddings: { statistics: { token_count: 4 } } },
      { embeddings: { statistics: { token_count: 5 } } },
    ];
    const predicted = readExchange(
      exchangeWith({
        provider: 'google-vertex-ai',
        path: '/v1/projects/p/locations/us-east5/publishers/google/models/text-embedding-005:predict',
        response: JSON.stringify({ predictions }),
      }),
    );
    expect(predicted).toMatchObject({
      pricingProvider: 'vertex_ai',
      operation: 'embeddings',
      region: 'us-east5',
      requestModel: 'text-embedding-005',
      usage: { inputTokens: 9 },
    });
  });
});

describe('bedrock', () => {
  const path = '/model/us.anthropic.claude-x-v1%3A0/converse-stream';
  const usage = {
    inputTokens: 10,
    outputTokens: 4,
    cacheReadInputTokens: 5,
    cacheWriteInputTokens: 7,
    totalTokens: 26,
    cacheDetails: [{ ttl: '1h', inputTokens: 3 }],
  };
  const aws = { provider: 'aws-bedrock', responseContentType: 'application/vnd.amazon.eventstream' };

  it('reads Converse, whole and streamed', () => {
    const document = { output: { message: { content: [{ text: 'Hi' }] } }, stopReason: 'end_turn', usage };
    const stream = awsFrames(
      ['messageStart', { role: 'assistant' }],
      ['contentBlockDelta', { delta: { text: 'Hi' } }],
      ['messageStop', { stopReason: 'end_turn' }],
      ['metadata', { usage, metrics: {} }],
    );
    for (const facts of [
      readExchange(exchangeWith({ provider: 'aws-bedrock', path, response: JSON.stringify(document) })),
      readExchange(exchangeWith({ ...aws, path, response: wholeBody(stream) })),
    ]) {
      expect(facts).toMatchObject({
        requestModel: 'us.anthropic.claude-x-v1:0',
        usageFamily: 'converse',
        finishReasons: ['end_turn'],
        responsePreview: 'Hi',
        usageRaw: JSON.stringify(usage),
      });
      expect(facts.usage).toMatchObject({
        inputTokens: 22,
        cacheWrite5mTokens: 4,
        cacheWrite1hTokens: 3,
        totalTokens: 26,
      });
    }
  });

  it('reads an exception in the stream', () => {
    const stream = awsFrames(['messageStart', {}], ['throttlingException', { message: 'slow down' }]);
    expect(readExchange(exchangeWith({ ...aws, path, response: wholeBody(stream) })).error).toEqual({
      category: 'rate_limited',
      code: 'throttlingException',
      message: 'slow down',
      retryable: true,
      midStream: true,
    });
  });

  it('reads InvokeModel: native bodies, inner events, metrics, headers', () => {
    const invoke = { provider: 'aws-bedrock', path: '/model/m/invoke' };
    const llama = readExchange(
      exchangeWith({
        ...invoke,
        response: '{"generation":"x","prompt_token_count":5,"generation_token_count":6,"stop_reason":"stop"}',
      }),
    );
    expect(llama.usage).toMatchObject({ inputTokens: 5, outputTokens: 6 });
    const titan = readExchange(
      exchangeWith({ ...invoke, response: '{"inputTextTokenCount":7,"results":[{"tokenCount":2},{"tokenCount":3}]}' }),
    );
    expect(titan.usage).toMatchObject({ inputTokens: 7, outputTokens: 5 });
    const responseHeaders = { 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '12' };
    const mistral = readExchange(exchangeWith({ ...invoke, responseHeaders, response: '{"outputs":[{"text":"x"}]}' }));
    expect(mistral).toMatchObject({ usageFamily: 'invmetrics', usage: { inputTokens: 11, outputTokens: 12 } });
    const inner = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 4 } };
    const stream = awsFrames(
      ['chunk', { bytes: btoa('{"outputs":[{"text":"x"}]}') }],
      ['chunk', { bytes: btoa(JSON.stringify(inner)) }],
    );
    const streamed = readExchange(
      exchangeWith({ ...aws, path: '/model/m/invoke-with-response-stream', response: wholeBody(stream) }),
    );
    expect(streamed).toMatchObject({ usageFamily: 'invmetrics', usage: { inputTokens: 3, outputTokens: 4 } });
  });
});

describe('cohere, ollama, replicate, workers-ai and others', () => {
  it('Cohere: gross counts and what is billed', () => {
    const usage = {
      billed_units: { input_tokens: 8, output_tokens: 6 },
      tokens: { input_tokens: 500, output_tokens: 9, image_tokens: 20 },
      cached_tokens: 40,
    };
    const stream = sse(
      ['message-start', { type: 'message-start', id: 'co' }],
      ['content-delta', { type: 'content-delta', delta: { message: { content: { text: 'Hi' } } } }],
      ['message-end', { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage } }],
    );
    const v2 = readExchange(exchangeWith({ provider: 'cohere', path: '/v2/chat', ...EVENTS, response: stream }));
    expect(v2).toMatchObject({
      responseId: 'co',
      usageFamily: 'cohere',
      finishReasons: ['COMPLETE'],
      responsePreview: 'Hi',
    });
    expect(v2.usage).toMatchObject({ inputTokens: 520, cacheReadTokens: 40, inputImageTokens: 20 });
    expect(v2.billedUsage).toMatchObject({ inputTokens: 8, outputTokens: 6 });
    const lines = `{"event_type":"stream-start","generation_id":"g"}\n{"event_type":"text-generation","text":"Hi"}\n${JSON.stringify({ event_type: 'stream-end', finish_reason: 'COMPLETE', response: { meta: usage } })}`;
    const v1 = readExchange(
      exchangeWith({
        provider: 'cohere',
        path: '/v1/chat',
        responseContentType: 'application/stream+json',
        response: lines,
      }),
    );
    expect(v1.billedUsage).toMatchObject({ inputTokens: 8 });
    const rerank = readExchange(
      exchangeWith({
        provider: 'cohere',
        path: '/v2/rerank',
        response: '{"results":[],"meta":{"billed_units":{"search_units":2}}}',
      }),
    );
    expect(rerank.usage?.units).toEqual({ rerankSearches: 2 });
  });

  it('Ollama: the done line; a cached prompt is not counted, and the row says so', () => {
    const lines =
      '{"model":"l","message":{"content":"Hi"},"done":false}\n{"model":"l","done":true,"done_reason":"stop","eval_count":4,"prompt_eval_count":3}\n';
    const facts = readExchange(
      exchangeWith({
        provider: 'ollama',
        path: '/api/chat',
        responseContentType: 'application/x-ndjson',
        response: lines,
      }),
    );
    expect(facts).toMatchObject({
      responseModel: 'l',
      usageFamily: 'ollama',
      responsePreview: 'Hi',
      usageSource: 'reported',
      usage: { inputTokens: 3, outputTokens: 4 },
    });
    const cached = readExchange(
      exchangeWith({
        provider: 'ollama',
        path: '/api/generate',
        response: '{"model":"l","response":"x","done":true,"eval_count":4}',
      }),
    );
    expect(cached).toMatchObject({ usageSource: 'partial', flags: ['prompt_not_counted'] });
  });

  it('Replicate, Workers AI, TGI, OCR', () => {
    const prediction = {
      id: 'p',
      model: 'm',
      status: 'succeeded',
      output: ['a', 'b'],
      error: null,
      urls: {},
      metrics: { input_token_count: 2, output_token_count: 3 },
    };
    const replicate = readExchange(
      exchangeWith({
        provider: 'replicate',
        path: '/v1/predictions',
        status: 201,
        response: JSON.stringify(prediction),
      }),
    );
    expect(replicate).toMatchObject({
      responsePreview: 'ab',
      finishReasons: ['succeeded'],
      usage: { inputTokens: 2, outputTokens: 3 },
    });
    const workers = readExchange(
      exchangeWith({
        provider: 'workers-ai',
        path: '/client/v4/accounts/a/ai/run/@cf/meta/llama',
        response:
          '{"result":{"response":"Hi","usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}},"success":true,"errors":[]}',
      }),
    );
    expect(workers).toMatchObject({
      requestModel: '@cf/meta/llama',
      responsePreview: 'Hi',
      usage: { inputTokens: 2, outputTokens: 3 },
    });
    const native = sse(
      ['', { response: 'H', usage: { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 } }],
      ['', { response: 'i', usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 } }],
    );
    expect(
      readExchange(
        exchangeWith({
          provider: 'workers-ai',
          path: '/client/v4/accounts/a/ai/run/@cf/x',
          ...EVENTS,
          response: native,
        }),
      ).usage,
    ).toMatchObject({ outputTokens: 2 });
    const tgi =
      'data:{"token":{"text":"Hi"},"generated_text":null}\n\ndata:{"token":{"text":"!"},"generated_text":"Hi!","details":{"finish_reason":"length","generated_tokens":2}}\n\n';
    expect(
      readExchange(
        exchangeWith({ provider: 'huggingface', path: '/hf-inference/models/a/b', ...EVENTS, response: tgi }),
      ),
    ).toMatchObject({ responsePreview: 'Hi!', usage: { outputTokens: 2 } });
    const ocr = readExchange(
      exchangeWith({
        provider: 'mistral',
        path: '/v1/ocr',
        response: '{"model":"ocr","pages":[],"usage_info":{"pages_processed":3}}',
      }),
    );
    expect(ocr).toMatchObject({ operation: 'ocr', usage: { units: { documentPages: 3 } } });
  });

  it('what nobody knows has no usage, and free endpoints say that they are free', () => {
    const unknown = readExchange(
      exchangeWith({ provider: 'custom-own', path: '/v9/think', response: '{"answer":42}' }),
    );
    expect(unknown).toMatchObject({
      pricingProvider: 'custom-own',
      usage: null,
      usageSource: 'missing',
      usageFamily: '',
      flags: ['usage_missing'],
    });
    const counted = readExchange(
      exchangeWith({ provider: 'anthropic', path: '/v1/messages/count_tokens', response: '{"input_tokens":14}' }),
    );
    expect(counted).toMatchObject({ operation: 'count_tokens', usage: null, flags: ['free_endpoint'] });
  });
});

describe('errors', () => {
  it.each([
    ['openai', 429, '{"error":{"code":"insufficient_quota","message":"quota"}}', 'quota_exhausted', false],
    ['openai', 429, '{"error":{"code":"rate_limit_exceeded","type":"tokens","message":"slow"}}', 'rate_limited', true],
    ['openai', 400, '{"error":{"code":"model_not_found","message":"no"}}', 'not_found', false],
    ['openai', 500, '', 'server_error', true],
    ['openai', 0, '', 'server_error', true],
    ['anthropic', 529, '{"type":"error","error":{"type":"overloaded_error","message":"x"}}', 'overloaded', true],
    [
      'anthropic',
      400,
      '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}',
      'context_length_exceeded',
      false,
    ],
    ['anthropic', 402, '{"type":"error","error":{"type":"billing_error","message":"x"}}', 'quota_exhausted', false],
    [
      'google-ai-studio',
      400,
      '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no","details":[{"reason":"API_KEY_INVALID"}]}}',
      'auth',
      false,
    ],
    ['grok', 400, '{"code":"invalid-argument","error":"Incorrect API key provided."}', 'auth', false],
    ['mistral', 422, '{"detail":[{"msg":"field required"}]}', 'invalid_request', false],
    ['huggingface', 422, 'plain text', 'invalid_request', false],
    [
      'workers-ai',
      200,
      '{"success":false,"result":null,"errors":[{"code":7000,"message":"no route"}]}',
      'invalid_request',
      false,
    ],
  ])('%s %i %s', (provider, status, response, category, retryable) => {
    const facts = readExchange(exchangeWith({ provider, status, response }));
    expect(facts.error).toMatchObject({ category, retryable, midStream: false });
    expect(facts.usage).toBeNull();
  });

  it('shortens the message', () => {
    const response = JSON.stringify({ error: { message: 'x'.repeat(1_000) } });
    expect(readExchange(exchangeWith({ status: 400, response })).error?.message).toHaveLength(300);
  });
});
