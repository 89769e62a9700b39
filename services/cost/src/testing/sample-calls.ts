import type { RequestEvent } from '@weir/events';
import { GOLDEN_EVENTS } from '@weir/events/testing';
import { createUuidV7 } from '@weir/kernel';

/** What a sample call is like; small whole numbers decide everything else. */
export interface SampleCall {
  readonly kind: keyof typeof KINDS;
  /** ms since the epoch. */
  readonly ts: number;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly more?: Partial<RequestEvent>;
}

interface Answer {
  readonly provider: string;
  readonly path: string;
  readonly request: object;
  readonly response: object | string;
}

const system = 'You are a careful accountant.';

/** One call of each way in which providers tell what was used. `cached` is a part of `input`. */
const KINDS = {
  chat: ({ input, cached, output }: SampleCall): Answer => ({
    provider: 'openai',
    path: '/v1/chat/completions',
    request: {
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: 'Hi' },
      ],
    },
    response: {
      model: 'gpt-4o-2024-08-06',
      choices: [{ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: input,
        completion_tokens: output,
        total_tokens: input + output,
        prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: Math.floor(output / 3), audio_tokens: 0 },
      },
    },
  }),
  responses: ({ input, cached, output }: SampleCall): Answer => ({
    provider: 'openai',
    path: '/v1/responses',
    request: { model: 'gpt-4o-mini', instructions: system, input: 'Hi' },
    response: {
      object: 'response',
      model: 'gpt-4o-mini-2024-07-18',
      status: 'completed',
      service_tier: 'priority',
      output: [
        { type: 'web_search_call', status: 'completed' },
        { type: 'message', content: [] },
      ],
      usage: {
        input_tokens: input,
        output_tokens: output,
        total_tokens: input + output,
        input_tokens_details: { cached_tokens: cached },
        output_tokens_details: { reasoning_tokens: Math.floor(output / 2) },
      },
    },
  }),
  anthropic: ({ input, cached, output }: SampleCall): Answer => ({
    provider: 'anthropic',
    path: '/v1/messages',
    request: { model: 'claude-sonnet-4-5', system, messages: [{ role: 'user', content: 'Hi' }] },
    response: {
      type: 'message',
      model: 'claude-sonnet-4-5-20250929',
      stop_reason: 'end_turn',
      content: [{ type: 'text', text: 'Hi' }],
      usage: {
        input_tokens: input - cached,
        cache_read_input_tokens: Math.floor(cached / 2),
        cache_creation_input_tokens: cached - Math.floor(cached / 2),
        cache_creation: {
          ephemeral_5m_input_tokens: 0,
          ephemeral_1h_input_tokens: cached - Math.floor(cached / 2),
        },
        output_tokens: output,
        server_tool_use: { web_search_requests: output % 3 },
        service_tier: 'standard',
      },
    },
  }),
  gemini: ({ input, cached, output }: SampleCall): Answer => ({
    provider: 'google-ai-studio',
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    request: {
      systemInstruction: { parts: [{ text: system }] },
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    },
    response: {
      modelVersion: 'gemini-2.5-pro',
      candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: input,
        cachedContentTokenCount: cached,
        candidatesTokenCount: output,
        thoughtsTokenCount: output,
        totalTokenCount: input + 2 * output,
      },
    },
  }),
  embeddings: ({ input }: SampleCall): Answer => ({
    provider: 'openai',
    path: '/v1/embeddings',
    request: { model: 'text-embedding-3-small', input: 'Hi' },
    response: {
      object: 'list',
      model: 'text-embedding-3-small',
      data: [],
      usage: { prompt_tokens: input, total_tokens: input },
    },
  }),
  cohere: ({ input, output }: SampleCall): Answer => ({
    provider: 'cohere',
    path: '/v2/chat',
    request: { model: 'command-a-03-2025', messages: [{ role: 'user', content: 'Hi' }] },
    response: {
      id: 'c1',
      finish_reason: 'COMPLETE',
      message: { role: 'assistant', content: [] },
      usage: {
        billed_units: { input_tokens: input, output_tokens: output },
        tokens: { input_tokens: input + 60, output_tokens: output + 3 },
      },
    },
  }),
  unknown: ({ input, output }: SampleCall): Answer => ({
    provider: 'openai',
    path: '/v1/chat/completions',
    request: { model: 'house-model', messages: [{ role: 'user', content: 'Hi' }] },
    response: {
      model: 'house-model',
      choices: [{ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    },
  }),
  image: ({ output }: SampleCall): Answer => ({
    provider: 'openai',
    path: '/v1/images/generations',
    request: { model: 'dall-e-3', prompt: 'a weir', size: '1024x1024', quality: 'standard' },
    response: {
      created: 1,
      data: Array.from({ length: 1 + (output % 3) }, () => ({ url: 'https://example.test/1.png' })),
    },
  }),
} as const;

export const SAMPLE_KINDS = Object.keys(KINDS) as (keyof typeof KINDS)[];

const ids = createUuidV7();

/** The request event of a sample call, as the ingress would have written it. */
export function sampleCallEvent(call: SampleCall): RequestEvent {
  const { provider, path, request, response } = KINDS[call.kind](call);
  const requestHead = Buffer.from(JSON.stringify(request));
  const responseHead = Buffer.from(typeof response === 'string' ? response : JSON.stringify(response));
  return {
    ...GOLDEN_EVENTS.request,
    request_id: ids(),
    ts: call.ts,
    duration_us: 1_500_000,
    provider,
    path,
    status: 200,
    outcome: 'ok',
    error_code: '',
    cache_status: 'none',
    attempt: 1,
    complete: true,
    stream: false,
    custom_cost: '',
    facts: '',
    request_content_type: 'application/json',
    response_content_type: 'application/json',
    request_encoding: '',
    response_encoding: '',
    response_headers: {},
    payload: 'full',
    request_head: requestHead,
    request_tail: Buffer.alloc(0),
    request_bytes: requestHead.length,
    response_head: responseHead,
    response_tail: Buffer.alloc(0),
    response_bytes: responseHead.length,
    ...call.more,
  };
}
