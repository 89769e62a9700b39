import type { ServerResponse } from 'node:http';
import { systemClock } from '@weir/kernel';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import { afterEach, expect, it } from 'vitest';
import type { CallMeter } from './limits/call-meter.ts';
import { type Answer, call, startUpstream } from './testing/http-peers.ts';
import { startTestIngress, type TestIngress } from './testing/test-ingress.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A micro-dollar for each token of output; a cut stream tells no usage. */
const MICRO = 1_000_000n;
const meter: CallMeter = {
  worst: ({ outputTokens }) => BigInt(outputTokens) * MICRO,
  actual: ({ complete }) => (complete ? { usd: 2_000n * MICRO, tokens: 2_000 } : { usd: null, tokens: 0 }),
};
const EVENT = `data: ${JSON.stringify({ choices: [{ delta: { content: 'word' } }] })}\n\n`;

interface Scene extends TestIngress {
  /** Events that each upstream stream has sent. */
  readonly sent: number[];
  ask(maxTokens?: number): Promise<Answer>;
}

/** A provider whose streams are 2,000 tokens long, whatever was asked for. */
async function start(limitUsd: string, cutStreams: boolean, later = false): Promise<Scene> {
  const sent: number[] = [];
  const upstream = await startUpstream((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const stream = sent.push(0) - 1;
    pour(response, () => {
      sent[stream] = (sent[stream] ?? 0) + 1;
    });
  });
  const kept = openMemoryState({ clock: systemClock });
  const state = later ? { ...kept, take: async (claims: Parameters<typeof kept.take>[0]) => kept.take(claims) } : kept;
  const started = await startTestIngress(
    upstream.url,
    {
      providers: { openai: { baseUrl: upstream.url } },
      budgets: {
        cap: {
          ...{ scope: {}, per: [], max_scopes: 10, period: 'month', time_zone: 'UTC', limit_usd: limitUsd },
          ...{ limit_tokens: 0, limit_requests: 0, thresholds: [1], enforcement: 'hard', cut_streams: cutStreams },
        },
      },
    },
    { meter: () => meter, state },
  );
  stops.push(upstream.stop, () => started.ingress.stop());
  const ask = (maxTokens = 100): Promise<Answer> =>
    call(`${started.url}/openai/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-4o', stream: true, max_tokens: maxTokens }),
      headers: { 'content-type': 'application/json' },
    });
  return { ...started, sent, ask };
}

function pour(response: ServerResponse, onEvent: () => void): void {
  let left = 2_000;
  const timer = setInterval(() => {
    for (let burst = 0; burst < 20 && left > 0; burst += 1, left -= 1) {
      response.write(EVENT);
      onEvent();
    }
    if (left > 0) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
  }, 1);
  response.on('close', () => clearInterval(timer));
}

it.each([
  ['that answers at once', false],
  ['that answers later', true],
])('a stream that outgrows its reservation is cut when nothing is left, with a state %s', async (_, later) => {
  const { ask, sent, log } = await start('0.001', true, later);
  const answer = await ask();
  expect([answer.status, answer.whole]).toEqual([200, false]);
  const [event] = await log.take(1);
  expect(event).toMatchObject({ error_code: 'INGRESS_BUDGET_CUT', outcome: 'blocked', complete: false });
  // 100 were reserved, and 256 more granted at a time while they fitted into the 1,000 of the limit.
  const passed = answer.body.toString().split('data: ').length - 1;
  expect(passed).toBeGreaterThan(850);
  expect(sent[0]).toBeLessThan(2_000);
  // What was seen of it is used up: less than 256 tokens are left.
  await expect.poll(async () => (await ask(300)).status).toBe(429);
});

it('a stream is whole where there is room, and all that was granted is given back', async () => {
  const { ask, log } = await start('0.0045', true);
  for (let turn = 1; turn <= 2; turn += 1) {
    expect((await ask()).whole).toBe(true);
    expect((await log.take(turn))[turn - 1]).toMatchObject({ error_code: '', outcome: 'ok' });
  }
  // 4,000 of 4,500 are used, nothing is reserved.
  expect((await ask(600)).status).toBe(429);
  await expect.poll(async () => (await ask(450)).status).toBe(200);
});

it('a hard budget without the option lets a stream end', async () => {
  const { ask } = await start('0.001', false);
  expect((await ask()).whole).toBe(true);
});
