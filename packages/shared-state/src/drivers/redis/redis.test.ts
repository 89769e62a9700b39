import { sleep } from '@weir/kernel';
import { startRedis, waitFor } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedMeter, slidingMeter } from '../../shared-state.ts';
import { describeSharedState } from '../../testing/index.ts';
import { openRedisState } from './index.ts';

const redis = await startRedis('the Redis driver of the shared state');
afterAll(() => redis?.stop());

const open = (url: string, timeoutMs = 5_000) => openRedisState({ url, timeoutMs, onError: () => undefined });

describe.skipIf(redis === undefined)('redis', () => {
  const url = redis?.value.url ?? '';
  const meter = slidingMeter('ready', 3_600_000);
  const ready = async (state: ReturnType<typeof open>) => {
    await waitFor(async () => (await state.take([{ meter, amount: 0, limit: 1 }])).granted, { what: 'Redis' });
    return state;
  };
  beforeAll(async () => (await ready(open(url))).close());

  const peers: ReturnType<typeof open>[] = [];
  describeSharedState('redis', async () => {
    const state = await ready(open(url));
    // Made before it is asked for: it must be connected by then.
    const other = await ready(open(url));
    peers.push(state, other);
    return {
      state,
      another: () => other,
      pass: sleep,
      close: async () => {
        for (const peer of peers.splice(0)) await peer.close();
      },
    };
  });

  it('knows its scripts again after Redis forgot them', async () => {
    const state = await ready(open(url));
    await redis?.value.command('SCRIPT', 'FLUSH');
    expect(await state.take([{ meter: fixedMeter('flushed', 3_600_000), amount: 1, limit: 1 }])).toMatchObject({
      granted: true,
    });
    await state.close();
  });

  it('I8 a server that is not there is a typed error at once, without its password', async () => {
    const reasons: string[] = [];
    const state = openRedisState({
      url: 'redis://user:s3cret@127.0.0.1:1',
      timeoutMs: 500,
      onError: (reason) => reasons.push(reason),
    });
    await expect(state.take([{ meter, amount: 1, limit: 1 }])).rejects.toMatchObject({ code: 'STATE_UNREACHABLE' });
    await expect.poll(() => reasons.length).toBeGreaterThan(0);
    expect(reasons.join()).not.toContain('s3cret');
    await state.close();
  });
});
