import { picoFromText } from '@weir/kernel';
import { describe, expect, it } from 'vitest';
import { type ClientBench, type LedgerRow, TOKEN_GATEWAY, type Trial } from './client-bench.ts';
import {
  type ClientAnswer,
  type ClientFamily,
  type ClientSettings,
  type Question,
  WEATHER,
} from './official-client.ts';
import { universalFetch } from './universal-fetch.ts';

type Bench = () => ClientBench;

/** A trial of a client: who asks, and what its calls are to leave behind. */
interface Run extends Trial {
  ask(question?: Omit<Question, 'prompt'>): Promise<ClientAnswer>;
}

function runOf(bench: ClientBench, family: ClientFamily, settings: Partial<ClientSettings> = {}): Run {
  const trial = bench.trial();
  const headers = { ...trial.headers, ...settings.headers };
  const client = family.create({
    ingressUrl: bench.weir.ingressUrl,
    apiKey: 'sk-secret',
    retries: 0,
    ...settings,
    headers,
  });
  // `served` is a getter.
  return Object.assign(Object.create(trial) as Trial, {
    ask: (question = {}) => client.ask({ prompt: `Say hi to ${trial.id}`, ...question }),
  });
}

/** The same tests for every client: what it understood, and the rows that its calls left. */
export function describeClient(family: ClientFamily, bench: Bench): void {
  const can = (what: 'tool' | 'fetch' | 'stream' | 'cache' | 'retry'): boolean => family.lacks?.includes(what) !== true;
  describe.concurrent(family.name, () => {
    it('I2 I4 plain: text and tokens for the client, one exact row', () => plain(bench(), family));
    it.runIf(can('stream'))('I2 I4 stream: the same, in pieces', () => streamed(bench(), family));
    it.runIf(can('tool'))('I2 I4 tools: the call that the model makes', () => toolCall(bench(), family));
    it('I2 I5 errors: the class that the client gives this status', () => failed(bench(), family));
    it.runIf(can('retry'))('I3 the client tries again: two calls, a row for each', () =>
      retriedByClient(bench(), family),
    );
    it('I3 Weir tries again: one call of two attempts', () => retriedByWeir(bench(), family));
    it.runIf(can('cache'))('I4 cached: the same answer, at no cost', () => cached(bench(), family));
    it('I8 a token in place of the key: its name is on the row', () => byToken(bench(), family));
    it.runIf(can('fetch'))('I3 fallback: the answer of the next provider', () => fallenBack(bench(), family));
  });
}

async function plain(bench: ClientBench, family: ClientFamily): Promise<void> {
  const run = runOf(bench, family);
  const answer = await run.ask();
  expect(answer.text).not.toBe('');
  expect(answer.toolCalls).toEqual([]);
  const [row] = await run.rows(1);
  expectAnswered(row, { attempt: '1', step: '0', stream: false, cache: 'none' });
  expectClientTokens(answer, run);
  if (family.rates === undefined) return;
  const { input, output } = family.rates;
  const usage = run.served[0]?.billedUsage ?? run.served[0]?.usage;
  const pico = BigInt(usage?.inputTokens ?? 0) * input + BigInt(usage?.outputTokens ?? 0) * output;
  expect(picoFromText(row?.usd ?? '')).toBe(pico);
}

async function streamed(bench: ClientBench, family: ClientFamily): Promise<void> {
  const run = runOf(bench, family);
  const answer = await run.ask({ stream: true });
  expect(answer.text).not.toBe('');
  const [row] = await run.rows(1);
  expectAnswered(row, { stream: true, usage_source: 'reported' });
  expectClientTokens(answer, run);
}

async function toolCall(bench: ClientBench, family: ClientFamily): Promise<void> {
  for (const stream of [false, true]) {
    const run = runOf(bench, family);
    const { toolCalls } = await run.ask({ tool: true, stream });
    expect(toolCalls.map(({ name }) => name)).toEqual([WEATHER.name]);
    expect(toolCalls[0]?.arguments).toHaveProperty('city', expect.any(String));
    expectAnswered((await run.rows(1))[0], { stream });
  }
}

async function failed(bench: ClientBench, family: ClientFamily): Promise<void> {
  for (const status of [400, 429] as const) {
    const run = runOf(bench, family);
    // As often as a client asks that cannot be told not to ask again.
    run.failNext(...Array.from({ length: 10 }, () => status));
    const error = await run.ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(family.describeError(error)).toEqual({ name: family.errors[status], status });
    const rows = await run.rows(run.served.length);
    const outcome = status === 429 ? 'rate_limited' : 'client_error';
    for (const row of rows) expect(row).toMatchObject({ status, outcome, attempt: '1' });
  }
}

async function retriedByClient(bench: ClientBench, family: ClientFamily): Promise<void> {
  const run = runOf(bench, family, { retries: 1 });
  run.failNext(429);
  expect((await run.ask()).text).not.toBe('');
  const [first, second] = await run.rows(2);
  expect(first).toMatchObject({ status: 429, attempt: '1', step: '0' });
  expectAnswered(second, { attempt: '1', step: '0' });
  expect(second?.parent).not.toBe(first?.parent);
}

async function retriedByWeir(bench: ClientBench, family: ClientFamily): Promise<void> {
  const run = runOf(bench, family, { headers: { 'cf-aig-max-attempts': '2', 'cf-aig-retry-delay': '1' } });
  run.failNext(500);
  expect((await run.ask()).text).not.toBe('');
  const [first, second] = await run.rows(2);
  expect(first).toMatchObject({ status: 500, attempt: '1', step: '0', outcome: 'provider_error' });
  expectAnswered(second, { attempt: '2', step: '0', parent: first?.parent ?? '' });
}

async function cached(bench: ClientBench, family: ClientFamily): Promise<void> {
  const run = runOf(bench, family, { headers: { 'cf-aig-cache-ttl': '60' } });
  const first = await run.ask();
  const second = await run.ask();
  expect(second).toEqual(first);
  expect(run.served).toHaveLength(1);
  const [miss, hit] = await run.rows(2);
  expectAnswered(miss, { cache: 'miss' });
  expect(hit).toMatchObject({ status: 200, cache: 'hit', input: '0', output: '0' });
  expect(picoFromText(hit?.saved ?? '')).toBe(picoFromText(miss?.usd ?? ''));
  expect(picoFromText(hit?.usd ?? '')).toBe(0n);
}

async function byToken(bench: ClientBench, family: ClientFamily): Promise<void> {
  const ingressUrl = `${bench.weir.ingressUrl}${TOKEN_GATEWAY.path}`;
  const run = runOf(bench, family, { ingressUrl, apiKey: TOKEN_GATEWAY.token });
  expect((await run.ask()).text).not.toBe('');
  expectAnswered((await run.rows(1))[0], { gateway: 'team', token: TOKEN_GATEWAY.name });
  const stranger = runOf(bench, family, { ingressUrl, apiKey: 'weir-nobody' });
  const error = await stranger.ask().catch((thrown: unknown) => thrown);
  expect(family.describeError(error)).toEqual({ name: family.errors[401], status: 401 });
  expect(stranger.served).toEqual([]);
}

async function fallenBack(bench: ClientBench, family: ClientFamily): Promise<void> {
  const carrier = universalFetch(bench.weir.ingressUrl, family.provider);
  const run = runOf(bench, family, { fetch: carrier });
  expect((await run.ask()).text).not.toBe('');
  const [first, second] = await run.rows(2);
  expect(first).toMatchObject({ status: 503, step: '0', provider: 'grok' });
  expectAnswered(second, { step: '1', attempt: '1', provider: family.provider, parent: first?.parent ?? '' });
}

function expectAnswered(row: LedgerRow | undefined, expected: Partial<LedgerRow>): void {
  expect(row).toMatchObject({ status: expect.toBeOneOf([200, 201]), outcome: 'ok', ...expected });
}

/** The client read the usage that was served: all tokens, or those that are neither read from a cache nor written to one. */
function expectClientTokens({ inputTokens, outputTokens }: ClientAnswer, { served }: Trial): void {
  const usage = served[0]?.usage;
  expect({ inputTokens, outputTokens }).toEqual({
    inputTokens: usage?.inputTokens,
    outputTokens: usage?.outputTokens,
  });
}
