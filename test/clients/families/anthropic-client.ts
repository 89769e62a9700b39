import Anthropic from '@anthropic-ai/sdk';
import { type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

export const anthropicClient: ClientFamily = {
  name: '@anthropic-ai/sdk',
  provider: 'anthropic',
  model: 'claude-haiku-4-5',
  // 1 and 5 dollars a million.
  rates: { input: 1_000_000n, output: 5_000_000n },
  errors: { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError' },
  describeError: describeStatusError,
  create({ ingressUrl, apiKey, headers, retries, fetch }) {
    const client = new Anthropic({
      baseURL: `${ingressUrl}/anthropic`,
      apiKey,
      maxRetries: retries,
      defaultHeaders: headers,
      ...(fetch === undefined ? {} : { fetch }),
    });
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: 'claude-haiku-4-5',
          max_tokens: 256,
          messages: [{ role: 'user' as const, content: prompt }],
          ...(tool === true
            ? {
                tools: [{ name: WEATHER.name, description: WEATHER.description, input_schema: WEATHER.parameters }],
                tool_choice: { type: 'any' as const },
              }
            : {}),
        };
        const message =
          stream === true
            ? await client.messages.stream(request).finalMessage()
            : await client.messages.create(request);
        return {
          text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
          toolCalls: message.content.flatMap((block) =>
            block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
          ),
          inputTokens: message.usage.input_tokens,
          outputTokens: message.usage.output_tokens,
        };
      },
    };
  },
};
