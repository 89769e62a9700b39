import Groq from 'groq-sdk';
import type { ChatCompletionMessageToolCall } from 'groq-sdk/resources/chat/completions';
import { type ClientAnswer, type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

const MODEL = 'llama-3.3-70b-versatile';

export const groqClient: ClientFamily = {
  name: 'groq-sdk',
  provider: 'groq',
  model: MODEL,
  // 0.59 and 0.79 dollars a million.
  rates: { input: 590_000n, output: 790_000n },
  errors: { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError' },
  describeError: describeStatusError,
  create({ ingressUrl, apiKey, headers, retries, fetch }) {
    const client = new Groq({
      baseURL: `${ingressUrl}/groq`,
      apiKey,
      maxRetries: retries,
      defaultHeaders: headers,
      ...(fetch === undefined ? {} : { fetch }),
    });
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: MODEL,
          messages: [{ role: 'user' as const, content: prompt }],
          ...(tool === true
            ? { tools: [{ type: 'function' as const, function: WEATHER }], tool_choice: 'required' as const }
            : {}),
        };
        if (stream === true)
          return await readStream(await client.chat.completions.create({ ...request, stream: true }));
        const completion = await client.chat.completions.create(request);
        const message = completion.choices[0]?.message;
        return {
          text: message?.content ?? '',
          toolCalls: toolCallsOf(message?.tool_calls ?? []),
          inputTokens: completion.usage?.prompt_tokens,
          outputTokens: completion.usage?.completion_tokens,
        };
      },
    };
  },
};

const toolCallsOf = (calls: readonly ChatCompletionMessageToolCall[]): ClientAnswer['toolCalls'] =>
  calls.map(({ function: { name, arguments: text } }) => ({ name, arguments: JSON.parse(text) }));

async function readStream(stream: AsyncIterable<Groq.Chat.ChatCompletionChunk>): Promise<ClientAnswer> {
  let text = '';
  let name = '';
  let args = '';
  let usage: Groq.CompletionUsage | undefined;
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    text += delta?.content ?? '';
    for (const call of delta?.tool_calls ?? []) {
      name += call.function?.name ?? '';
      args += call.function?.arguments ?? '';
    }
    usage = chunk.x_groq?.usage ?? usage;
  }
  return {
    text,
    toolCalls: name === '' ? [] : [{ name, arguments: JSON.parse(args) }],
    inputTokens: usage?.prompt_tokens,
    outputTokens: usage?.completion_tokens,
  };
}
