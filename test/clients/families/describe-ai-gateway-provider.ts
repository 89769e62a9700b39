import { generateText, RetryError, streamText } from 'ai';
import {
  AiGatewayDoesNotExist,
  type AiGatewayOptions,
  AiGatewayUnauthorizedError,
  createAiGateway,
} from 'ai-gateway-provider';
import { createAnthropic } from 'ai-gateway-provider/providers/anthropic';
import { createOpenAI } from 'ai-gateway-provider/providers/openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ClientBench, type LedgerRow, TOKEN_GATEWAY, type Trial } from '../support/client-bench.ts';

/** Where the package sends everything: a change of this host is the whole migration. */
const HOST = 'https://gateway.ai.cloudflare.com';

/** Cloudflare's own provider for the AI SDK, which speaks to the universal endpoint and reads Cloudflare's error codes. */
export function describeAiGatewayProvider(bench: () => ClientBench): void {
  describe.concurrent('ai, ai-gateway-provider', () => {
    beforeAll(() => {
      const { fetch } = globalThis;
      vi.stubGlobal('fetch', (input: string | URL | Request, init?: RequestInit) =>
        typeof input === 'string' && input.startsWith(HOST)
          ? fetch(input.replace(HOST, bench().weir.ingressUrl), init)
          : fetch(input, init),
      );
    });
    afterAll(() => vi.unstubAllGlobals());

    it('I4 plain: one exact row, with its metadata', async () => {
      const trial = bench().trial();
      const { text, usage } = await generateText({ model: gateway(trial)(openAi(trial)), prompt: 'hi', maxRetries: 0 });
      expect(text).not.toBe('');
      const [row] = await trial.rows(1);
      expectOk(row, { step: '0', provider: 'openai', gateway: 'default' });
      expect([usage.inputTokens, usage.outputTokens].map(String)).toEqual([row?.input, row?.output]);
    });

    it('I4 stream: the same, in pieces', async () => {
      const trial = bench().trial();
      const result = streamText({ model: gateway(trial)(openAi(trial)), prompt: 'hi', maxRetries: 0 });
      let text = '';
      for await (const piece of result.textStream) text += piece;
      expect(text).not.toBe('');
      expectOk((await trial.rows(1))[0], { stream: true, usage_source: 'reported' });
    });

    it('I3 fallback: the native answer of the next model, found by cf-aig-step', async () => {
      const trial = bench().trial();
      trial.failNext(503);
      const model = gateway(trial)([openAi(trial), anthropic(trial)]);
      const { text, usage } = await generateText({ model, prompt: 'hi', maxRetries: 0 });
      expect(text).not.toBe('');
      const [first, second] = await trial.rows(2);
      expect(first).toMatchObject({ provider: 'openai', status: 503, step: '0' });
      expectOk(second, {
        provider: 'anthropic',
        step: '1',
        parent: first?.parent ?? '',
        output: String(usage.outputTokens),
      });
    });

    describeOptionsAndErrors(bench);
  });
}

function describeOptionsAndErrors(bench: () => ClientBench): void {
  it('I3 its option for retries: attempts of one call', async () => {
    const trial = bench().trial();
    trial.failNext(500, 500);
    const retries = { maxAttempts: 3, retryDelayMs: 1, backoff: 'constant' } as const;
    await generateText({ model: gateway(trial, { retries })(openAi(trial)), prompt: 'hi', maxRetries: 0 });
    const rows = await trial.rows(3);
    expect(rows.map(({ attempt, status }) => [attempt, status])).toEqual([
      ['1', 500],
      ['2', 500],
      ['3', 200],
    ]);
  });

  it('I4 its option for caching: a hit costs nothing', async () => {
    const trial = bench().trial();
    const model = gateway(trial, { cacheTtl: 60 })(openAi(trial));
    const ask = (): Promise<{ text: string }> => generateText({ model, prompt: `hi ${trial.id}`, maxRetries: 0 });
    expect((await ask()).text).toBe((await ask()).text);
    const [miss, hit] = await trial.rows(2);
    expect([miss?.cache, hit?.cache, hit?.saved]).toEqual(['miss', 'hit', miss?.usd]);
  });

  it('the status of a provider that fails, not 400/2005', async () => {
    const trial = bench().trial();
    trial.failNext(529);
    const asked = generateText({ model: gateway(trial)(anthropic(trial)), prompt: 'hi', maxRetries: 0 });
    await expect(asked).rejects.toMatchObject({ name: 'AI_APICallError', statusCode: 529 });
    await trial.rows(1);
  });

  it.each([
    ['an unknown gateway', 'nothing', AiGatewayDoesNotExist],
    ['a token that is not one', 'team', AiGatewayUnauthorizedError],
  ])('%s is the error that the package has for it', async (_, name, type) => {
    const trial = bench().trial();
    const refused = createAiGateway({ accountId: 'acme', gateway: name, apiKey: 'nobody' });
    const error = await generateText({ model: refused(openAi(trial)), prompt: 'hi', maxRetries: 0 }).catch(
      (thrown: unknown) => (RetryError.isInstance(thrown) ? thrown.lastError : thrown),
    );
    expect(error).toBeInstanceOf(type);
    expect(trial.served).toEqual([]);
  });

  it('its apiKey is a token of Weir; the provider key stays at home', async () => {
    const trial = bench().trial();
    const { path, token, name } = TOKEN_GATEWAY;
    const [, , accountId = '', team = ''] = path.split('/');
    const model = createAiGateway({
      accountId,
      gateway: team,
      apiKey: token,
      options: { metadata: { feature: trial.id } },
    });
    const keyless = createOpenAI({ headers: { 'x-request-id': trial.id } }).chat('gpt-4o-mini');
    await generateText({ model: model(keyless), prompt: 'hi', maxRetries: 0 });
    expectOk((await trial.rows(1))[0], { token: name, gateway: 'team' });
  });
}

function gateway({ id }: Trial, options: AiGatewayOptions = {}): ReturnType<typeof createAiGateway> {
  return createAiGateway({
    accountId: 'acme',
    gateway: 'default',
    apiKey: 'token',
    options: { metadata: { feature: id }, ...options },
  });
}

const openAi = ({ id }: Trial) =>
  createOpenAI({ apiKey: 'sk-secret', headers: { 'x-request-id': id } }).chat('gpt-4o-mini');
const anthropic = ({ id }: Trial) =>
  createAnthropic({ apiKey: 'sk-secret', headers: { 'x-request-id': id } })('claude-haiku-4-5');

function expectOk(row: LedgerRow | undefined, expected: Partial<LedgerRow>): void {
  expect(row).toMatchObject({ status: 200, outcome: 'ok', attempt: '1', ...expected });
}
