import Anthropic from '@anthropic-ai/sdk';
import type { Started } from '@weir/kernel';
import type { TokenUsage } from '@weir/usage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayProvider, startReplayProvider } from './replay-provider.ts';

let provider: Started<ReplayProvider>;
beforeAll(async () => {
  provider = await startReplayProvider();
});
afterAll(() => provider.stop());
beforeEach(() => provider.value.reset());

const client = (headers: Record<string, string> = {}): Anthropic =>
  new Anthropic({
    apiKey: 'demo',
    baseURL: provider.value.baseUrl('anthropic'),
    maxRetries: 0,
    defaultHeaders: headers,
  });

const ask = {
  model: 'claude-sonnet-4-6',
  max_tokens: 2048,
  messages: [{ role: 'user', content: 'How deep is the river?' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;

function served(): TokenUsage {
  const usage = provider.value.served.at(-1)?.usage;
  if (usage === null || usage === undefined) throw new Error('nothing with a usage was served');
  return usage;
}

/** The gross input as a client adds it up. */
function grossInput(usage: Anthropic.Usage): number {
  return usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
}

describe('messages', () => {
  it('answers whole and streamed with the usage served', async () => {
    const whole = await client().messages.create(ask);
    expect(grossInput(whole.usage)).toBe(served().inputTokens);
    expect(whole.usage.output_tokens).toBe(served().outputTokens);
    expect(whole.stop_reason).toBe('end_turn');
    expect(whole._request_id).toMatch(/^req_/);
    const streamed = await client().messages.stream(ask).finalMessage();
    expect(streamed.content[0]).toMatchObject({ type: 'text' });
    expect(grossInput(streamed.usage)).toBe(served().inputTokens);
    expect(streamed.usage.output_tokens).toBe(served().outputTokens);
    expect(provider.value.served.map((entry) => entry.responseId)).toEqual([whole.id, streamed.id]);
  });

  it('thinks when asked, with a signed block first', async () => {
    const thinking = { type: 'enabled', budget_tokens: 1024 } as const;
    const message = await client()
      .messages.stream({ ...ask, thinking })
      .finalMessage();
    expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text']);
    expect(message.content[0]).toMatchObject({ signature: expect.stringMatching(/.+/) });
    expect(served().reasoningTokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBe(served().outputTokens);
    expect(message.usage.output_tokens_details?.thinking_tokens).toBe(served().reasoningTokens);
  });

  it('uses tools, then answers the result with text', async () => {
    const tools: Anthropic.Tool[] = [
      { name: 'gauge', input_schema: { type: 'object', properties: { place: { type: 'string' } } } },
    ];
    const message = await client()
      .messages.stream({ ...ask, tools })
      .finalMessage();
    const use = message.content[0];
    expect(message.stop_reason).toBe('tool_use');
    if (use?.type !== 'tool_use') throw new Error('no tool use');
    expect(use.input).toEqual({ place: expect.any(String) });
    const next = await client().messages.create({
      ...ask,
      tools,
      messages: [
        ...ask.messages,
        { role: 'assistant', content: message.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '3 m' }] },
      ],
    });
    expect(next.content.map((block) => block.type)).toEqual(['text']);
  });

  it('writes a marked prefix once, by lifetime, and reads it afterwards', async () => {
    const rules = 'Measure twice, cut once. '.repeat(300);
    const send = () =>
      client().messages.create({
        ...ask,
        system: [
          { type: 'text', text: rules, cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'text', text: rules, cache_control: { type: 'ephemeral' } },
        ],
      });
    const first = await send();
    expect(first.usage.cache_creation?.ephemeral_1h_input_tokens).toBe(served().cacheWrite1hTokens);
    expect(first.usage.cache_creation?.ephemeral_5m_input_tokens).toBe(served().cacheWrite5mTokens);
    expect(served().cacheWrite1hTokens).toBeGreaterThan(1024);
    expect(served().cacheWrite5mTokens).toBeGreaterThan(1024);
    const second = await send();
    expect(second.usage.cache_creation_input_tokens).toBe(0);
    expect(second.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens);
    expect(grossInput(second.usage)).toBe(grossInput(first.usage));
  });

  it('counts tokens for free', async () => {
    const { input_tokens } = await client().messages.countTokens({ model: ask.model, messages: ask.messages });
    await client().messages.create(ask);
    expect(input_tokens).toBe(served().inputTokens);
    expect(provider.value.served[0]?.usage).toBeNull();
  });
});

describe('errors', () => {
  it.each([
    ['status=401', Anthropic.AuthenticationError, 'authentication_error'],
    ['status=404', Anthropic.NotFoundError, 'not_found_error'],
    ['status=429', Anthropic.RateLimitError, 'rate_limit_error'],
    ['status=529', Anthropic.InternalServerError, 'overloaded_error'],
  ])('%s becomes the class of the SDK', async (fault, type, name) => {
    const error = await client({ 'x-replay-fault': fault })
      .messages.create(ask)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ error: { error: { type: name } }, requestID: expect.stringMatching(/^req_/) });
  });

  it('raises the error event of a stream', async () => {
    const stream = client({ 'x-replay-fault': 'error-after=4' }).messages.stream(ask);
    const error = await stream.finalMessage().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ error: { error: { type: 'overloaded_error' } } });
  });
});
