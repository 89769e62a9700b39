import OpenAI from 'openai';
import type { ChatCompletionMessageToolCall } from 'openai/resources/chat/completions';
import { type ClientAnswer, type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

const FAMILY = {
  provider: 'openai',
  model: 'gpt-4o-mini',
  // 0.15 and 0.60 dollars a million.
  rates: { input: 150_000n, output: 600_000n },
  errors: { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError' },
  describeError: describeStatusError,
} as const;

type Settings = Parameters<ClientFamily['create']>[0];

const clientOf = ({ ingressUrl, apiKey, headers, retries, fetch }: Settings): OpenAI =>
  new OpenAI({
    baseURL: `${ingressUrl}/openai/v1`,
    apiKey,
    maxRetries: retries,
    defaultHeaders: headers,
    ...(fetch === undefined ? {} : { fetch }),
  });

const toolCallsOf = (calls: readonly ChatCompletionMessageToolCall[] | undefined): ClientAnswer['toolCalls'] =>
  (calls ?? []).flatMap((call) =>
    call.type === 'function' ? [{ name: call.function.name, arguments: JSON.parse(call.function.arguments) }] : [],
  );

export const openAiChatClient: ClientFamily = {
  ...FAMILY,
  name: 'openai, chat completions',
  create(settings) {
    const client = clientOf(settings);
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: FAMILY.model,
          messages: [{ role: 'user' as const, content: prompt }],
          ...(tool === true
            ? { tools: [{ type: 'function' as const, function: WEATHER }], tool_choice: 'required' as const }
            : {}),
        };
        const completion =
          stream === true
            ? await client.chat.completions
                .stream({ ...request, stream_options: { include_usage: true } })
                .finalChatCompletion()
            : await client.chat.completions.create(request);
        const message = completion.choices[0]?.message;
        return {
          text: message?.content ?? '',
          toolCalls: toolCallsOf(message?.tool_calls),
          inputTokens: completion.usage?.prompt_tokens,
          outputTokens: completion.usage?.completion_tokens,
        };
      },
    };
  },
};

export const openAiResponsesClient: ClientFamily = {
  ...FAMILY,
  name: 'openai, responses',
  create(settings) {
    const client = clientOf(settings);
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: FAMILY.model,
          input: prompt,
          ...(tool === true
            ? { tools: [{ type: 'function' as const, strict: false, ...WEATHER }], tool_choice: 'required' as const }
            : {}),
        };
        const response =
          stream === true
            ? await client.responses.stream(request).finalResponse()
            : await client.responses.create(request);
        const calls = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
        return {
          text: response.output_text,
          toolCalls: calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
          inputTokens: response.usage?.input_tokens,
          outputTokens: response.usage?.output_tokens,
        };
      },
    };
  },
};
