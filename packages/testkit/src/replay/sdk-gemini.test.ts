import { ApiError, FunctionCallingConfigMode, type GenerateContentResponse, GoogleGenAI, Type } from '@google/genai';
import type { Started } from '@weir/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayProvider, startReplayProvider } from './replay-provider.ts';

let provider: Started<ReplayProvider>;
beforeAll(async () => {
  provider = await startReplayProvider();
});
afterAll(() => provider.stop());
beforeEach(() => provider.value.reset());

const client = (headers: Record<string, string> = {}): GoogleGenAI =>
  new GoogleGenAI({ apiKey: 'demo', httpOptions: { baseUrl: provider.value.baseUrl('google-ai-studio'), headers } });

const ask = { model: 'gemini-2.5-flash', contents: 'How deep is the river?' };

function expectServed(answer: GenerateContentResponse | undefined): void {
  const reported = answer?.usageMetadata;
  const usage = provider.value.served.at(-1)?.usage;
  expect(reported?.promptTokenCount).toBe(usage?.inputTokens);
  expect((reported?.candidatesTokenCount ?? 0) + (reported?.thoughtsTokenCount ?? 0)).toBe(usage?.outputTokens);
  expect(reported?.totalTokenCount).toBe(usage?.totalTokens);
  expect(reported?.cachedContentTokenCount ?? 0).toBe(usage?.cacheReadTokens);
}

describe('generateContent', () => {
  it('answers with thoughts beside the candidates', async () => {
    const answer = await client().models.generateContent(ask);
    expect(answer.text?.length).toBeGreaterThan(0);
    expect(answer.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
    expectServed(answer);
    const plain = await client().models.generateContent({ ...ask, config: { thinkingConfig: { thinkingBudget: 0 } } });
    expect(plain.usageMetadata?.thoughtsTokenCount).toBeUndefined();
  });

  it('streams with a usage that grows; the last one counts', async () => {
    const stream = await client().models.generateContentStream(ask);
    const chunks: GenerateContentResponse[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
    expectServed(chunks.at(-1));
  });

  it('streams one JSON array without alt=sse', async () => {
    const url = `${provider.value.baseUrl('google-ai-studio')}/v1beta/models/gemini-2.5-pro:streamGenerateContent`;
    const body = JSON.stringify({ contents: [{ parts: [{ text: 'How deep is the river?' }] }] });
    const response = await fetch(url, { method: 'POST', body });
    const elements = (await response.json()) as GenerateContentResponse[];
    expect(elements.length).toBeGreaterThan(3);
    expectServed(elements.at(-1));
  });

  it('calls functions, and counts images as their own modality', async () => {
    const parameters = { type: Type.OBJECT, properties: { place: { type: Type.STRING } } };
    const answer = await client().models.generateContent({
      ...ask,
      contents: [
        { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }] },
      ],
      config: {
        tools: [{ functionDeclarations: [{ name: 'gauge', parameters }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
      },
    });
    expect(answer.functionCalls?.[0]).toMatchObject({ name: 'gauge', args: { place: expect.any(String) } });
    expect(provider.value.served.at(-1)?.usage?.inputImageTokens).toBe(258);
    expectServed(answer);
  });

  it('reads long prefixes from the implicit cache', async () => {
    const systemInstruction = 'Measure twice, cut once. '.repeat(300);
    await client().models.generateContent({ ...ask, config: { systemInstruction } });
    const second = await client().models.generateContent({
      ...ask,
      contents: 'And now?',
      config: { systemInstruction },
    });
    expect(second.usageMetadata?.cachedContentTokenCount).toBe(1792);
    expectServed(second);
  });
});

describe('errors', () => {
  it.each([401, 404, 429, 500])('status %i becomes an ApiError', async (status) => {
    const error = await client({ 'x-replay-fault': `status=${status}` })
      .models.generateContent(ask)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status });
  });
});
