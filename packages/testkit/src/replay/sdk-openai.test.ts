import type { Started } from '@weir/kernel';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayProvider, startReplayProvider } from './replay-provider.ts';

let provider: Started<ReplayProvider>;
beforeAll(async () => {
  provider = await startReplayProvider();
});
afterAll(() => provider.stop());
beforeEach(() => provider.value.reset());

const client = (slug = 'openai', headers: Record<string, string> = {}): OpenAI =>
  new OpenAI({ apiKey: 'demo', baseURL: `${provider.value.baseUrl(slug)}/v1`, maxRetries: 0, defaultHeaders: headers });

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How deep is the river?' }];
const tools: OpenAI.Chat.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'gauge',
      parameters: { type: 'object', properties: { place: { type: 'string' }, depth: { type: 'integer' } } },
    },
  },
];

function served(): ReplayProvider['served'][number] {
  const last = provider.value.served.at(-1);
  if (last === undefined) throw new Error('nothing was served');
  return last;
}

describe('chat completions', () => {
  it('answers the SDK, and the usage it reads is the usage served', async () => {
    const answer = await client().chat.completions.create({ model: 'gpt-4o', messages, max_tokens: 12 });
    expect(answer.choices[0]?.message.content?.length).toBeGreaterThan(10);
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer._request_id).toMatch(/^req_[0-9a-f]{24}$/);
    expect(served()).toMatchObject({ provider: 'openai', model: 'gpt-4o', stream: false, status: 200 });
    expect(served().usage).toMatchObject({
      inputTokens: answer.usage?.prompt_tokens,
      outputTokens: 12,
      totalTokens: answer.usage?.total_tokens,
    });
  });

  it('streams, with usage only when asked', async () => {
    const body = { model: 'o4-mini', messages, stream: true } as const;
    const plain = await client().chat.completions.create(body);
    for await (const chunk of plain) expect(chunk.usage ?? null).toBeNull();
    expect(served().usageReported).toBe(false);

    const stream = client().chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const answer = await stream.finalChatCompletion();
    const usage = served().usage;
    expect(served().usageReported).toBe(true);
    expect(usage?.reasoningTokens).toBeGreaterThan(0);
    expect(answer.usage).toMatchObject({
      prompt_tokens: usage?.inputTokens,
      completion_tokens: usage?.outputTokens,
      total_tokens: usage?.totalTokens,
      completion_tokens_details: { reasoning_tokens: usage?.reasoningTokens },
    });
  });

  it('calls a tool with arguments that fit its schema, streaming or not', async () => {
    const whole = await client().chat.completions.create({ model: 'gpt-4o', messages, tools });
    const streamed = await client()
      .chat.completions.stream({ model: 'gpt-4o', messages, tools, stream: true })
      .finalChatCompletion();
    for (const answer of [whole, streamed]) {
      const call = answer.choices[0]?.message.tool_calls?.[0];
      expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({
        place: expect.any(String),
        depth: expect.any(Number),
      });
    }
  });

  it('fits a JSON schema', async () => {
    const schema = { type: 'object', properties: { city: { enum: ['Bern', 'Oslo'] } }, required: ['city'] };
    const answer = await client().chat.completions.create({
      model: 'gpt-4o-mini',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
    });
    expect(['Bern', 'Oslo']).toContain(JSON.parse(answer.choices[0]?.message.content ?? '').city);
  });

  it('reads a long prefix from the cache the second time, in steps of 128 tokens', async () => {
    const long = { role: 'system', content: 'Measure twice, cut once. '.repeat(300) } as const;
    const ask = (content: string) =>
      client().chat.completions.create({ model: 'gpt-4o', messages: [long, { role: 'user', content }] });
    const first = await ask('first question');
    const second = await ask('another question');
    expect(first.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBe(1792);
    expect(served().usage?.cacheReadTokens).toBe(1792);
  });

  it.each([
    ['mistral', 'mistral-small-latest'],
    ['groq', 'openai/gpt-oss-120b'],
    ['deepseek', 'deepseek-reasoner'],
    ['grok', 'grok-3-mini'],
    ['openrouter', 'openai/gpt-4o-mini'],
    ['perplexity-ai', 'sonar'],
    ['workers-ai', '@cf/meta/llama-3.1-8b-instruct'],
    ['cerebras', 'gpt-oss-120b'],
    ['together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['custom-house', 'house-1'],
  ])('speaks the dialect of %s', async (slug, model) => {
    const whole = await client(slug).chat.completions.create({ model, messages });
    const totals = served().usage;
    expect(whole.usage?.total_tokens).toBe(totals?.totalTokens);
    expect(whole.usage?.prompt_tokens).toBe(totals?.inputTokens);
    let last: OpenAI.CompletionUsage | null | undefined;
    const stream = await client(slug).chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) last = chunk.usage ?? last;
    expect(last?.total_tokens).toBe(served().usage?.totalTokens);
    expect(served().stream).toBe(true);
  });

  it('counts reasoning beside completion for xAI and reports its cost as exact text', async () => {
    const answer = await client('grok').chat.completions.create({ model: 'grok-3-mini', messages });
    const usage = served().usage;
    const reasoning = answer.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    expect(reasoning).toBeGreaterThan(0);
    expect((answer.usage?.completion_tokens ?? 0) + reasoning).toBe(usage?.outputTokens);
    // $0.30 and $0.50 per million tokens.
    const pico = BigInt(usage?.inputTokens ?? 0) * 300_000n + BigInt(usage?.outputTokens ?? 0) * 500_000n;
    expect(served().reportedCostUsd).toBe(`0.${pico.toString().padStart(12, '0').replace(/0+$/, '')}`);
  });
});

describe('responses', () => {
  const input = 'How deep is the river?';

  it('answers whole and streamed with the same usage fields', async () => {
    const whole = await client().responses.create({ model: 'gpt-5-mini', input, max_output_tokens: 400 });
    expect(whole.output_text.length).toBeGreaterThan(0);
    const stream = client().responses.stream({ model: 'gpt-5-mini', input });
    const seen = new Set<string>();
    stream.on('event', (event) => seen.add(event.type));
    const final = await stream.finalResponse();
    expect([...seen]).toContain('response.output_text.delta');
    expect(final.status).toBe('completed');
    for (const [answer, entry] of [
      [whole, provider.value.served[0]],
      [final, provider.value.served[1]],
    ] as const) {
      expect(entry?.responseId).toBe(answer.id);
      expect(answer.usage).toMatchObject({
        input_tokens: entry?.usage?.inputTokens,
        output_tokens: entry?.usage?.outputTokens,
        total_tokens: entry?.usage?.totalTokens,
        output_tokens_details: { reasoning_tokens: entry?.usage?.reasoningTokens },
      });
    }
  });

  it('calls tools and says when it was cut short', async () => {
    const tool = {
      type: 'function',
      name: 'gauge',
      strict: false,
      parameters: { type: 'object', properties: {} },
    } as const;
    const final = await client()
      .responses.stream({ model: 'gpt-4o', input, tools: [tool] })
      .finalResponse();
    expect(final.output[0]).toMatchObject({ type: 'function_call', name: 'gauge', arguments: '{}' });
    const short = await client().responses.create({ model: 'gpt-4o', input, max_output_tokens: 16 - 1 });
    expect(short.incomplete_details?.reason).toBe('max_output_tokens');
    expect(short.usage?.output_tokens).toBe(15);
  });
});

describe('embeddings', () => {
  it('decodes the vectors and counts the input', async () => {
    const answer = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['abcd', 'efghijkl'] });
    expect(answer.data.map((item) => item.embedding.length)).toEqual([8, 8]);
    expect(answer.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    expect(served().usage).toMatchObject({ inputTokens: 3, outputTokens: 0 });
  });
});

describe('errors', () => {
  const ask = (fault: string, slug = 'openai') =>
    client(slug, { 'x-replay-fault': fault }).chat.completions.create({ model: 'gpt-4o', messages });

  it.each([
    ['status=401', OpenAI.AuthenticationError, 401],
    ['status=404', OpenAI.NotFoundError, 404],
    ['status=429; retry-after=7', OpenAI.RateLimitError, 429],
    ['status=500', OpenAI.InternalServerError, 500],
  ])('%s becomes the class of the SDK', async (fault, type, status) => {
    const error = await ask(fault).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ status });
    expect(served()).toMatchObject({ status, usage: null });
  });

  it('keeps retry-after and the code', async () => {
    const error = await ask('status=429; retry-after=7').catch((thrown: unknown) => thrown);
    if (!(error instanceof OpenAI.APIError)) throw new Error('not an APIError');
    expect(error.headers?.get('retry-after')).toBe('7');
    expect(error.code).toBe('rate_limit_exceeded');
  });

  it('throws in mid-stream: the error event, and a cut connection', async () => {
    const read = async (fault: string): Promise<number> => {
      const options = { headers: { 'x-replay-fault': fault } };
      const stream = await client().chat.completions.create({ model: 'gpt-4o', messages, stream: true }, options);
      let chunks = 0;
      try {
        for await (const _ of stream) chunks += 1;
      } catch {
        return chunks;
      }
      throw new Error('the stream ended without an error');
    };
    expect(await read('error-after=3')).toBe(3);
    expect(await read('cut-after=2')).toBeLessThanOrEqual(2);
    expect(provider.value.counters).toMatchObject({ served: 1, cut: 1 });
    expect(provider.value.totals()).toEqual([]);
  });
});
