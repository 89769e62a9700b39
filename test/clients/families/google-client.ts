import { FunctionCallingConfigMode, type GenerateContentResponse, GoogleGenAI, Type } from '@google/genai';
import { type ClientFamily, describeStatusError, WEATHER } from '../support/official-client.ts';

const TOOL = {
  tools: [
    {
      functionDeclarations: [
        {
          name: WEATHER.name,
          description: WEATHER.description,
          parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ['city'] },
        },
      ],
    },
  ],
  toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
};

export const googleClient: ClientFamily = {
  name: '@google/genai',
  provider: 'google-ai-studio',
  model: 'gemini-2.5-flash',
  errors: { 400: 'ApiError', 401: 'ApiError', 429: 'ApiError' },
  // Its transport is its own.
  lacks: ['fetch'],
  describeError: describeStatusError,
  create({ ingressUrl, apiKey, headers, retries }) {
    const client = new GoogleGenAI({
      apiKey,
      httpOptions: {
        baseUrl: `${ingressUrl}/google-ai-studio`,
        headers: { ...headers },
        retryOptions: { attempts: retries + 1 },
      },
    });
    return {
      async ask({ prompt, stream, tool }) {
        const request = { model: 'gemini-2.5-flash', contents: prompt, ...(tool === true ? { config: TOOL } : {}) };
        const answers: GenerateContentResponse[] = [];
        if (stream === true) {
          for await (const part of await client.models.generateContentStream(request)) answers.push(part);
        } else answers.push(await client.models.generateContent(request));
        const usage = answers.at(-1)?.usageMetadata;
        const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
        return {
          text: parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join(''),
          toolCalls: parts.flatMap(({ functionCall: call }) =>
            call === undefined ? [] : [{ name: call.name ?? '', arguments: call.args }],
          ),
          inputTokens: usage?.promptTokenCount,
          outputTokens: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
        };
      },
    };
  },
};
