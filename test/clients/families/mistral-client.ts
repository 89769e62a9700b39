import { HTTPClient, Mistral } from '@mistralai/mistralai';
import type { CompletionChunk, ToolCall, UsageInfo } from '@mistralai/mistralai/models/components';
import { type ClientAnswer, type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

const MODEL = 'mistral-small-latest';

export const mistralClient: ClientFamily = {
  name: '@mistralai/mistralai',
  provider: 'mistral',
  model: MODEL,
  errors: { 400: 'SDKError', 401: 'SDKError', 429: 'SDKError' },
  describeError: describeStatusError,
  create({ ingressUrl, apiKey, headers, retries, fetch }) {
    const backoff = { initialInterval: 1, maxInterval: 10, exponent: 1, maxElapsedTime: 20_000 };
    const client = new Mistral({
      apiKey,
      serverURL: `${ingressUrl}/mistral`,
      retryConfig: retries === 0 ? { strategy: 'none' } : { strategy: 'backoff', backoff },
      ...(fetch === undefined ? {} : { httpClient: new HTTPClient({ fetcher: fetch }) }),
    });
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: MODEL,
          messages: [{ role: 'user' as const, content: prompt }],
          ...(tool === true
            ? { tools: [{ type: 'function' as const, function: WEATHER }], toolChoice: 'any' as const }
            : {}),
        };
        if (stream === true) return await readStream(await client.chat.stream(request, { headers }));
        const completion = await client.chat.complete(request, { headers });
        const message = completion.choices[0]?.message;
        return answerOf(textOf(message?.content), message?.toolCalls ?? [], completion.usage);
      },
    };
  },
};

const textOf = (content: unknown): string => (typeof content === 'string' ? content : '');

function answerOf(text: string, calls: readonly ToolCall[], usage: UsageInfo | undefined): ClientAnswer {
  return {
    text,
    toolCalls: calls.map(({ function: { name, arguments: args } }) => ({
      name,
      arguments: typeof args === 'string' ? JSON.parse(args) : args,
    })),
    inputTokens: usage?.promptTokens,
    outputTokens: usage?.completionTokens,
  };
}

async function readStream(stream: AsyncIterable<{ data: CompletionChunk }>): Promise<ClientAnswer> {
  let text = '';
  let name = '';
  let args = '';
  let usage: UsageInfo | undefined;
  for await (const { data } of stream) {
    const delta = data.choices[0]?.delta;
    text += textOf(delta?.content);
    for (const call of delta?.toolCalls ?? []) {
      name += call.function.name;
      args += typeof call.function.arguments === 'string' ? call.function.arguments : '';
    }
    usage = data.usage ?? usage;
  }
  return answerOf(text, name === '' ? [] : [{ function: { name, arguments: args } }], usage);
}
