import { systemClock } from '@weir/kernel';
import { openEmbeddedState } from '@weir/shared-state/drivers/embedded';
import { tempDirectory } from '@weir/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { IngressConfig } from './config.ts';
import type { CallMeter } from './limits/call-meter.ts';
import type { IngressDependencies } from './ports.ts';
import { type Answer, call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const MILLI = 1_000_000_000n;
const budget = (more: Partial<IngressConfig['budgets'][string]> = {}): IngressConfig['budgets'][string] => ({
  ...{ scope: {}, per: [], max_scopes: 1_000, period: 'month', time_zone: 'UTC', limit_usd: '', limit_tokens: 0 },
  ...{ limit_requests: 0, thresholds: [0.8, 1], enforcement: 'hard' },
  ...more,
});

/** What the provider would bill, so that a test sees what was spent. */
class Bill {
  readonly price: bigint;
  spent = 0n;

  constructor(price: bigint) {
    this.price = price;
  }

  /** A call may cost twice what it does. */
  readonly meter: CallMeter = {
    worst: () => this.price * 2n,
    actual: () => ({ usd: this.price, tokens: 10 }),
  };
}

interface Running extends TestIngress {
  readonly bill: Bill;
  readonly asked: () => number;
}

async function start(
  budgets: IngressConfig['budgets'],
  price = MILLI,
  settings: Partial<IngressConfig> = {},
  overrides: Partial<IngressDependencies> = {},
): Promise<Running> {
  const bill = new Bill(price);
  let asked = 0;
  const upstream = await startUpstream((request, response) => {
    asked += 1;
    request.resume();
    request.on('end', () => {
      bill.spent += bill.price;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const started = await startTestIngress(
    upstream.url,
    { budgets, providers: { openai: { baseUrl: upstream.url } }, ...settings },
    { meter: () => bill.meter, ...overrides },
  );
  stops.push(upstream.stop, () => started.ingress.stop());
  return { ...started, bill, asked: () => asked };
}

const chat = (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${url}/openai/v1/chat/completions`, {
    method: 'POST',
    body: '{"model":"gpt-4o","max_tokens":10}',
    headers: { 'content-type': 'application/json', ...headers },
  });

/** What weir.budget-states says of a scope now. */
const stateOf = (scopeKey: string, spent: bigint, state: 'ok' | 'soft' | 'hard' = 'ok') => {
  const now = new Date();
  return {
    ...{ budget_id: scopeKey.split('|')[0] ?? '', scope_key: scopeKey, scope: {}, limit_usd: null, spent_usd: spent },
    period_start: Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1),
    period_end: Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1),
    ...{ requests: 0, tokens: 0, unpriced: 0, state, thresholds_fired: [], updated_at: Date.now(), version: 1 },
  };
};

describe('hard budgets', () => {
  it('refuse with 429/2041, the rule, what is left and when it begins anew', async () => {
    const { url, asked } = await start({ 'chat-month': budget({ limit_usd: '0.0025' }) });
    const first = await chat(url);
    expect(first.headers).toMatchObject({ 'cf-aig-budget-id': 'chat-month', 'cf-aig-budget-limit': '0.0025' });
    await expect.poll(async () => (await chat(url)).status).toBe(429);
    const refused = await chat(url);
    expect(refused.status).toBe(429);
    const { error, description } = JSON.parse(refused.body.toString()) as {
      error: [{ code: number; message: string }];
      description: string;
    };
    expect(error[0].code).toBe(2041);
    expect(error[0].message).toMatch(
      /^Spend limit exceeded: rule 'chat-month' \(cost limit 0\.0025 per \d+s, fixed\) for openai gpt-4o$/,
    );
    expect(description).toContain('this call may take 0.002');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['cf-aig-budget-remaining']).toMatch(/^0\.00\d+$/);
    expect(asked()).toBeLessThan(3);
  });

  it('I4 are overspent by nothing under 1,000 calls at once through two workers, and all of it can be spent', async () => {
    const directory = await tempDirectory();
    stops.push(() => directory.stop());
    const state = () => ({ state: openEmbeddedState({ directory: directory.value, clock: systemClock }) });
    const budgets = { all: budget({ limit_usd: '0.1' }) };
    const workers = [await start(budgets, MILLI, {}, state()), await start(budgets, MILLI, {}, state())];
    const spent = (): bigint => workers.reduce((sum, { bill }) => sum + bill.spent, 0n);
    const limit = 100n * MILLI;
    const rush = (): Promise<Answer[]> =>
      Promise.all(Array.from({ length: 1_000 }, (_, index) => chat(workers[index % 2]?.url ?? '')));
    const answers = await rush();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect(spent()).toBeLessThanOrEqual(limit);
    // Reservations are given back: what is left is spent by those who come later, up to the worst case of one.
    await expect
      .poll(async () => {
        await Promise.all(Array.from({ length: 20 }, () => chat(workers[0]?.url ?? '')));
        return limit - spent();
      })
      .toBeLessThan(2n * MILLI);
    expect(spent()).toBeLessThanOrEqual(limit);
  });

  it('count what the ledger says where that is more than what was counted here', async () => {
    const { url, ingress } = await start({ m: budget({ limit_usd: '1' }) });
    ingress.value.budgetState(stateOf('m', 999n * MILLI));
    expect((await chat(url)).status).toBe(429);
    ingress.value.budgetState({ ...stateOf('m', 999n * MILLI), period_start: 0, period_end: 1 });
    expect((await chat(url)).status).toBe(200);
  });

  it('a top-up and another limit count at once, for the values that they name', async () => {
    const reason = 'launch week';
    const none = { until: '', limit: '', add: '', scope: {}, reason };
    const today = new Date().toISOString().slice(0, 10);
    const adjustments = [
      { ...none, from: today, add: '0.001' },
      { ...none, from: '2020-01-01', limit: '5', scope: { feature: 'vip' } },
    ];
    const { url } = await start({ each: budget({ limit_usd: '0.0025', per: ['feature'], adjustments }) });
    const limitFor = async (feature: string) =>
      (await chat(url, { 'cf-aig-metadata': JSON.stringify({ feature }) })).headers['cf-aig-budget-limit'];
    expect(await limitFor('chat')).toBe('0.0035');
    expect(await limitFor('vip')).toBe('5.001');
  });

  it('each scope has the whole limit, and calls out of scope are not asked', async () => {
    const budgets = {
      each: budget({ scope: { feature: 'chat' }, per: ['user_id'], limit_requests: 1 }),
    };
    const { url } = await start(budgets);
    const as = async (metadata: object): Promise<number> =>
      (await chat(url, { 'cf-aig-metadata': JSON.stringify(metadata) })).status;
    expect(await as({ feature: 'chat', user: 'a' })).toBe(200);
    expect(await as({ feature: 'chat', user: 'a' })).toBe(429);
    expect(await as({ feature: 'chat', user: 'b' })).toBe(200);
    expect(await as({ feature: 'search', user: 'a' })).toBe(200);
  });

  it('a rolling budget in tokens of one model', async () => {
    const budgets = { r: budget({ scope: { request_model: 'gpt-4o' }, period: 'rolling 24h', limit_tokens: 40 }) };
    const { url, asked } = await start(budgets);
    // 12 tokens of input and 10 of output are the worst case, 10 in all are used.
    await expect.poll(async () => (await chat(url)).status).toBe(429);
    expect(asked()).toBeGreaterThan(0);
    expect(asked()).toBeLessThanOrEqual(3);
    const other = await call(`${url}/openai/v1/chat/completions`, { method: 'POST', body: '{"model":"gpt-4o-mini"}' });
    expect(other.status).toBe(200);
  });

  it('one that counts by what is not known before a call refuses none, and the log says so', async () => {
    const { url, telemetry } = await start({ late: budget({ scope: { outcome: 'ok' }, limit_requests: 1 }) });
    expect([(await chat(url)).status, (await chat(url)).status]).toEqual([200, 200]);
    expect(telemetry.lines.some((line) => line.includes('refuse none') && line.includes('late'))).toBe(true);
  });

  it('half of a pair of code units, which UTF-8 cannot say, is a scope like any other', async () => {
    const { url } = await start({ each: budget({ per: ['user_id'], limit_usd: '1' }) });
    expect((await chat(url, { 'cf-aig-metadata': '{"user":"\\ud800"}' })).status).toBe(200);
  });

  it('nothing stays reserved of a call that went nowhere', async () => {
    const { url } = await start(
      { m: budget({ limit_usd: '0.003' }) },
      MILLI,
      {
        providers: { openai: { baseUrl: 'http://127.0.0.1:1' } },
      },
      { meter: () => ({ worst: () => 2n * MILLI, actual: () => ({ usd: 0n, tokens: 0 }) }) },
    );
    for (let turn = 0; turn < 4; turn += 1) await expect.poll(async () => (await chat(url)).status).toBe(502);
  });
});

describe('soft budgets', () => {
  it('let calls through, and name themselves on answers once they are used up', async () => {
    const { url, ingress } = await start({ soft: budget({ enforcement: 'soft', limit_usd: '0.001' }) });
    expect((await chat(url)).headers).not.toHaveProperty('cf-aig-budget-warning');
    ingress.value.budgetState(stateOf('soft', 5n * MILLI, 'soft'));
    const answer = await chat(url);
    expect([answer.status, answer.headers['cf-aig-budget-warning']]).toEqual([200, 'used up: soft']);
  });
});
