import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  RetryError,
  streamText,
  type ToolSet,
  tool,
} from 'ai';
import { type ClientFamily, type ClientSettings, type OfficialClient, WEATHER } from '../support/official-client.ts';

const weather = jsonSchema<{ city: string }>(WEATHER.parameters);
const tools: ToolSet = { [WEATHER.name]: tool({ description: WEATHER.description, inputSchema: weather }) };

/** Asks a model of the AI SDK, wherever its calls go. */
export function askingModel(
  model: LanguageModel,
  { headers, retries }: Pick<ClientSettings, 'headers' | 'retries'>,
): OfficialClient {
  return {
    async ask({ prompt, stream, tool: wanted }) {
      const request = {
        model,
        prompt,
        headers: { ...headers },
        maxRetries: retries,
        ...(wanted === true ? { tools, toolChoice: 'required' as const } : {}),
      };
      const result =
        stream === true ? streamText({ ...request, onError: () => undefined }) : await generateText(request);
      const [text, calls, usage] = [await result.text, await result.toolCalls, await result.usage];
      return {
        text,
        toolCalls: calls.map(({ toolName, input }) => ({ name: toolName, arguments: input })),
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
      };
    },
  };
}

function describeError(error: unknown): { name: string; status: number | undefined } {
  const last = RetryError.isInstance(error) ? error.lastError : error;
  return { name: String((last as Error).name), status: APICallError.isInstance(last) ? last.statusCode : undefined };
}

const errors = { 400: 'AI_APICallError', 401: 'AI_APICallError', 429: 'AI_APICallError' } as const;
const withFetch = ({ fetch }: ClientSettings): { fetch?: typeof globalThis.fetch } =>
  fetch === undefined ? {} : { fetch };

export const vercelAiClients: readonly ClientFamily[] = [
  {
    name: 'ai, @ai-sdk/openai',
    provider: 'openai',
    model: 'gpt-4o-mini',
    rates: { input: 150_000n, output: 600_000n },
    errors,
    describeError,
    create(settings) {
      const openai = createOpenAI({
        baseURL: `${settings.ingressUrl}/openai/v1`,
        apiKey: settings.apiKey,
        ...withFetch(settings),
      });
      return askingModel(openai.chat('gpt-4o-mini'), settings);
    },
  },
  {
    name: 'ai, @ai-sdk/anthropic',
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    rates: { input: 1_000_000n, output: 5_000_000n },
    errors,
    describeError,
    create(settings) {
      const anthropic = createAnthropic({
        baseURL: `${settings.ingressUrl}/anthropic/v1`,
        apiKey: settings.apiKey,
        ...withFetch(settings),
      });
      return askingModel(anthropic('claude-haiku-4-5'), settings);
    },
  },
  {
    name: 'ai, @ai-sdk/google',
    provider: 'google-ai-studio',
    model: 'gemini-2.5-flash',
    errors,
    describeError,
    create(settings) {
      const google = createGoogleGenerativeAI({
        baseURL: `${settings.ingressUrl}/google-ai-studio/v1beta`,
        apiKey: settings.apiKey,
        ...withFetch(settings),
      });
      return askingModel(google('gemini-2.5-flash'), settings);
    },
  },
];
