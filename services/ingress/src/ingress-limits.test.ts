import { createHash } from 'node:crypto';
import { systemClock } from '@weir/kernel';
import { openMemoryCache } from '@weir/response-cache/drivers/memory';
import type { SharedState } from '@weir/shared-state';
import { openEmbeddedState } from '@weir/shared-state/drivers/embedded';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import { tempDirectory } from '@weir/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { IngressConfig } from './config.ts';
import { TOKEN_DEFAULTS } from './identity/identity-config.ts';
import type { CallMeter } from './limits/call-meter.ts';
import type { RateLimitConfig } from './limits/rate-limit-config.ts';
import type { IngressDependencies } from './ports.ts';
import { type Answer, call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const limit = (more: Partial<RateLimitConfig>): RateLimitConfig => ({
  ...{ requests: 0, tokens: 0, usd: '', windowSeconds: 3_600, technique: 'sliding', per: [] },
  ...more,
});

/** A provider that says it used 10 tokens, and how often it was asked. */
async function start(
  settings: Partial<IngressConfig>,
  overrides: Partial<IngressDependencies> = {},
): Promise<TestIngress & { readonly asked: () => number; fail(times: number): void; hold(): () => void }> {
  let asked = 0;
  let failures = 0;
  let held: Promise<void> | undefined;
  const upstream = await startUpstream((request, response) => {
    asked += 1;
    request.resume();
    request.on('end', async () => {
      await held;
      failures -= 1;
      response.writeHead(failures >= 0 ? 500 : 200, { 'content-type': 'application/json' });
      response.end('{"model":"m","usage":{"prompt_tokens":6,"completion_tokens":4,"total_tokens":10}}');
    });
  });
  const started = await startTestIngress(
    upstream.url,
    { providers: { openai: { baseUrl: upstream.url } }, ...settings },
    overrides,
  );
  stops.push(upstream.stop, () => started.ingress.stop());
  const fail = (times: number): void => {
    failures = times;
  };
  /** The provider answers when the result is called. */
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    return resolve;
  };
  return { ...started, asked: () => asked, fail, hold };
}

const chat = (url: string, headers: Record<string, string> = {}, body = '{"model":"m"}'): Promise<Answer> =>
  call(`${url}/openai/v1/chat/completions`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const limited = (rateLimits: Record<string, RateLimitConfig>): Partial<IngressConfig> => ({
  gateways: { default: { rateLimits } },
});
const statusesOf = async (calls: readonly Promise<Answer>[]): Promise<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(calls)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe('rate limits in requests', () => {
  it.each(['fixed', 'sliding'] as const)(
    '%s: as many as the limit, then 429/2003 with what is left and when',
    async (technique) => {
      const { url, asked } = await start(limited({ hourly: limit({ requests: 2, technique }) }));
      const answers = [await chat(url), await chat(url), await chat(url)];
      expect(answers.map(({ status, headers }) => [status, headers['cf-aig-ratelimit-remaining']])).toEqual([
        [200, '1'],
        [200, '0'],
        [429, '0'],
      ]);
      const [, , refused] = answers;
      const body = JSON.parse(refused?.body.toString() ?? '') as { error: [object]; description: string };
      expect(body.error[0]).toEqual({ code: 2003, message: 'Rate limited' });
      expect(body.description).toContain('"hourly" of 2 requests');
      expect(refused?.headers).toMatchObject({
        'cf-aig-ratelimit-name': 'hourly',
        'cf-aig-ratelimit-limit': '2',
        'x-ratelimit-limit-requests': '2',
        'x-ratelimit-remaining-requests': '0',
        'cf-aig-log-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      const wait = Number(refused?.headers['retry-after']);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(3_608);
      expect(asked()).toBe(2);
    },
  );

  it('is exact to one request under 1,000 at once, through two workers of one machine', async () => {
    const directory = await tempDirectory();
    stops.push(() => directory.stop());
    const open = (): SharedState => openEmbeddedState({ directory: directory.value, clock: systemClock });
    const settings = limited({ burst: limit({ requests: 333 }) });
    const workers = [await start(settings, { state: open() }), await start(settings, { state: open() })];
    const calls = Array.from({ length: 1_000 }, (_, index) => chat(workers[index % 2]?.url ?? ''));
    expect(await statusesOf(calls)).toEqual({ 200: 333, 429: 667 });
    expect(workers.map(({ asked }) => asked()).reduce((sum, count) => sum + count)).toBe(333);
  });

  it('counts per user, tag or token; who names none shares one count, and no wish not to be logged lifts it', async () => {
    const per = (dimension: string): RateLimitConfig => limit({ requests: 1, per: [dimension] });
    const tokens = {
      a: {
        ...TOKEN_DEFAULTS,
        hash: `sha256:${createHash('sha256').update('weir_a').digest('hex')}`,
        rateLimits: { own: limit({ requests: 3 }) },
      },
    };
    const { url } = await start({ ...limited({ user: per('user_id') }), tokens });
    const as = (user: string | undefined, more: Record<string, string> = {}): Promise<number> =>
      chat(url, {
        ...(user === undefined ? {} : { 'cf-aig-metadata': JSON.stringify({ user }) }),
        ...more,
      }).then(({ status }) => status);
    expect([await as('u1'), await as('u1'), await as('u2'), await as(undefined), await as(undefined)]).toEqual([
      200, 429, 200, 200, 429,
    ]);
    expect(await as('u2', { 'cf-aig-collect-log': 'false' })).toBe(429);
    const named: number[] = [];
    for (let user = 10; user < 15; user += 1) named.push(await as(`u${user}`, { 'cf-aig-authorization': 'weir_a' }));
    expect(named).toEqual([200, 200, 200, 429, 429]);
  });

  it('a retried call is one request', async () => {
    const { url, asked, fail } = await start({
      gateways: { default: { retryMaxAttempts: 3, retryDelayMs: 0, rateLimits: { r: limit({ requests: 2 }) } } },
    });
    fail(2);
    expect([(await chat(url)).status, (await chat(url)).status, (await chat(url)).status]).toEqual([200, 200, 429]);
    expect(asked()).toBe(4);
  });

  it('an answer of the cache counts against no limit', async () => {
    const { url, asked } = await start(
      { gateways: { default: { cacheTtlSeconds: 600, rateLimits: { r: limit({ requests: 1 }) } } } },
      { responseCache: openMemoryCache({ bytesMax: 1_000_000, entriesMax: 10 }) },
    );
    const answers = [await chat(url), await chat(url), await chat(url, {}, '{"model":"other"}')];
    expect(answers.map(({ status, headers }) => [status, headers['cf-aig-cache-status']])).toEqual([
      [200, 'MISS'],
      [200, 'HIT'],
      [429, undefined],
    ]);
    expect(asked()).toBe(1);
  });

  it('a reload brings new limits to calls that come from now on', async () => {
    const { url, ingress } = await start({});
    expect((await chat(url)).headers).not.toHaveProperty('cf-aig-ratelimit-limit');
    ingress.value.reload({
      ...limited({ r: limit({ requests: 1 }) }),
      providers: { openai: { baseUrl: 'http://127.0.0.1:1' } },
    });
    expect([(await chat(url)).status, (await chat(url)).status]).toEqual([502, 429]);
  });

  it.each([
    [limit({}), /exactly one/],
    [limit({ requests: 1, tokens: 1 }), /exactly one/],
    [limit({ requests: 1, per: ['response_model'] }), /known before a call/],
  ])('refuses a limit that is none: %o', async (config, fix) => {
    const { ingress } = await start({});
    expect(() => ingress.value.reload(limited({ r: config }))).toThrowError(
      expect.objectContaining({ code: 'INGRESS_CONFIG_INVALID', fix: expect.stringMatching(fix) }),
    );
  });
});

/** A token costs a thousandth of a dollar; an answer used 10. */
const meter: CallMeter = {
  worst: ({ inputTokens, outputTokens }) => BigInt(inputTokens + outputTokens) * 1_000_000_000n,
  actual: () => ({ usd: 10_000_000_000n, tokens: 10 }),
};

describe('rate limits in tokens and money', () => {
  it.each([
    ['tokens', limit({ tokens: 250 })],
    ['usd', limit({ usd: '0.25' })],
  ] as const)('%s: the most that a call may use is held back, and what it used is set right', async (_name, config) => {
    const { url, asked, hold } = await start(limited({ t: config }), { meter: () => meter });
    const body = '{"model":"m","max_tokens":100}';
    // 10 for the body of 30 bytes and 100 for the answer: two at a time, but many in a row.
    const release = hold();
    const calls = Array.from({ length: 6 }, () => chat(url, {}, body));
    await expect.poll(asked).toBe(2);
    // The others are refused while these two are out.
    await new Promise<void>((resolve) => {
      let refused = 0;
      for (const one of calls) {
        void one.then(({ status }) => {
          refused += status === 429 ? 1 : 0;
          if (refused === 4) resolve();
        });
      }
    });
    release();
    expect(await statusesOf(calls)).toEqual({ 200: 2, 429: 4 });
    for (let turn = 0; turn < 5; turn += 1) {
      await expect.poll(async () => (await chat(url, {}, body)).status).toBe(200);
    }
  });

  it('a call that alone may use more than the limit passes when nothing else is counted', async () => {
    const { url } = await start(limited({ t: limit({ tokens: 50 }) }), { meter: () => meter });
    expect((await chat(url, {}, '{"model":"m","max_tokens":100}')).status).toBe(200);
  });
});

describe('a shared state that does not answer', () => {
  const broken: SharedState = {
    take: () => Promise.reject(new Error('away')),
    adjust: () => Promise.reject(new Error('away')),
    close: async () => undefined,
  };
  it.each([
    [true, 200],
    [false, 503],
  ])('allowUncounted %s: %s, and it is counted', async (allowUncounted, status) => {
    const { url, telemetry } = await start(
      { ...limited({ r: limit({ requests: 1 }) }), allowUncounted },
      { state: broken },
    );
    const answer = await chat(url);
    expect(answer.status).toBe(status);
    if (status === 503) expect(answer.headers['retry-after']).toBe('1');
    expect(telemetry.counts.get('weir_ingress_state_unreachable_total{}')).toBe(1);
  });
});

describe('I1 without limits', () => {
  it('nothing asks the shared state', async () => {
    let steps = 0;
    const memory = openMemoryState({ clock: systemClock });
    const counting: SharedState = {
      take: (claims) => {
        steps += 1;
        return memory.take(claims);
      },
      adjust: () => {
        steps += 1;
      },
      close: async () => undefined,
    };
    const { url } = await start({}, { state: counting });
    await chat(url);
    expect(steps).toBe(0);
  });
});
