import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';
import { findKafka, type KafkaServer, type ReplayProvider, startKafka, startReplayProvider } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServices, startServices } from '../support/running-services.ts';

const WAIT = { timeout: 60_000, interval: 200 };
describe.skipIf(findKafka('budgets on Kafka') === undefined)('budgets of a gateway, through Kafka', () => {
  let replay: Started<ReplayProvider>;
  // A broker of its own: the topics of an installation have fixed names.
  let kafka: Started<KafkaServer>;
  let services: RunningServices;
  beforeAll(async () => {
    replay = await startReplayProvider();
    kafka = await startKafka();
    const budget = { enforcement: 'hard', period: 'month', limit_usd: '0.0004' };
    services = await startServices({
      kafka: kafka.value.bootstrap,
      providerUrl: replay.value.url,
      counts: { cost: 1, loader: 1, console: 0 },
      settings: {
        budgets: {
          told: { ...budget, enforcement: 'soft', limit_usd: '0.000001', scope: { feature: 'told' } },
          capped: { ...budget, scope: { feature: 'capped' } },
        },
      },
    });
  }, 240_000);
  afterAll(async () => {
    await services?.stop();
    await kafka?.stop();
    await replay?.stop();
  }, 120_000);

  const ask = async (feature: string): Promise<{ status: number; warning: string | null }> => {
    const response = await fetch(`${services.ingressUrl}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer sk-own',
        'cf-aig-metadata': JSON.stringify({ feature }),
      },
      body: JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 200, messages: [{ role: 'user', content: 'Say hi' }] }),
    });
    await response.arrayBuffer();
    return { status: response.status, warning: response.headers.get('cf-aig-budget-warning') };
  };

  it('answers name a soft budget that the ledger says is used up', async () => {
    expect(await ask('told')).toEqual({ status: 200, warning: null });
    await expect.poll(() => ask('told'), WAIT).toEqual({ status: 200, warning: 'used up: told' });
    expect(await ask('other')).toEqual({ status: 200, warning: null });
  });

  it('a hard budget that is used up still refuses when everything that was counted here is lost', async () => {
    await expect.poll(async () => (await ask('capped')).status, WAIT).toBe(429);
    const spent = async (): Promise<boolean> => {
      const [row] = await services.query<{ usd: string | null }>(
        "SELECT sum(cost_usd) AS usd FROM requests WHERE feature = 'capped'",
      );
      return Number(row?.usd ?? 0) > 0.00025;
    };
    await expect.poll(spent, WAIT).toBe(true);
    await services.stopOne('ingress-1');
    rmSync(join(services.directory, 'data', 'state'), { recursive: true, force: true });
    await services.start('ingress-1');
    // Twenty at once reach both workers. Once they know where the soft budget stands they know of the hard one too.
    const many = (feature: string) => Promise.all(Array.from({ length: 20 }, () => ask(feature)));
    await expect.poll(async () => (await many('told')).every(({ warning }) => warning !== null), WAIT).toBe(true);
    expect((await many('capped')).map(({ status }) => status)).toEqual(Array(20).fill(429));
    expect((await ask('other')).status).toBe(200);
  });
});
