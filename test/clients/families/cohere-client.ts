import { CohereClientV2 } from 'cohere-ai';
import { type ClientAnswer, type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

const MODEL = 'command-r7b-12-2024';

export const cohereClient: ClientFamily = {
  name: 'cohere-ai',
  provider: 'cohere',
  model: MODEL,
  // 0.0375 and 0.15 dollars a million, of the billed units.
  rates: { input: 37_500n, output: 150_000n },
  errors: { 400: 'BadRequestError', 401: 'UnauthorizedError', 429: 'TooManyRequestsError' },
  describeError: describeStatusError,
  create({ ingressUrl, apiKey, headers, retries, fetch }) {
    const client = new CohereClientV2({
      token: apiKey,
      environment: `${ingressUrl}/cohere`,
      maxRetries: retries,
      headers: { ...headers },
      ...(fetch === undefined ? {} : { fetch }),
    });
    return {
      async ask({ prompt, stream, tool }) {
        const request = {
          model: MODEL,
          messages: [{ role: 'user' as const, content: prompt }],
          ...(tool === true
            ? { tools: [{ type: 'function' as const, function: WEATHER }], toolChoice: 'REQUIRED' as const }
            : {}),
        };
        if (stream === true) return await readStream(await client.chatStream(request));
        const { message, usage } = await client.chat(request);
        return {
          text: (message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join(''),
          toolCalls: (message.toolCalls ?? []).map((call) => ({
            name: call.function?.name ?? '',
            arguments: JSON.parse(call.function?.arguments ?? ''),
          })),
          inputTokens: usage?.tokens?.inputTokens,
          outputTokens: usage?.tokens?.outputTokens,
        };
      },
    };
  },
};

type Events = Awaited<ReturnType<CohereClientV2['chatStream']>>;

async function readStream(events: Events): Promise<ClientAnswer> {
  let text = '';
  let name = '';
  let args = '';
  let answer: Pick<ClientAnswer, 'inputTokens' | 'outputTokens'> = { inputTokens: undefined, outputTokens: undefined };
  for await (const event of events) {
    if (event.type === 'content-delta') text += event.delta?.message?.content?.text ?? '';
    else if (event.type === 'tool-call-start') name += event.delta?.message?.toolCalls?.function?.name ?? '';
    else if (event.type === 'tool-call-delta') args += event.delta?.message?.toolCalls?.function?.arguments ?? '';
    else if (event.type === 'message-end') {
      const tokens = event.delta?.usage?.tokens;
      answer = { inputTokens: tokens?.inputTokens, outputTokens: tokens?.outputTokens };
    }
  }
  return { ...answer, text, toolCalls: name === '' ? [] : [{ name, arguments: JSON.parse(args) }] };
}
