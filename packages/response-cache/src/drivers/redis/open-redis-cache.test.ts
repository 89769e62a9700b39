import { openRedis } from '@weir/redis-client';
import { startRedis, waitFor } from '@weir/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { describeResponseCacheContract, sampleAnswer, sampleKey } from '../../testing/index.ts';
import { openRedisCache } from './index.ts';

const redis = await startRedis('the Redis driver of the response cache');
afterAll(() => redis?.stop());

async function open(url: string) {
  const cache = openRedisCache({ url, timeoutMs: 5_000, onError: () => undefined });
  const ready = async (): Promise<boolean> => {
    try {
      await cache.get(sampleKey({ name: 'ready' }), 0);
      return true;
    } catch {
      return false;
    }
  };
  await waitFor(ready, { what: 'Redis' });
  return cache;
}

describe.skipIf(redis === undefined)('redis', () => {
  const url = redis?.value.url ?? '';

  describeResponseCacheContract('redis', async () => {
    const [cache, other] = [await open(url), await open(url)];
    const release = async (): Promise<void> => void (await Promise.all([cache.close(), other.close()]));
    return { cache, other, release };
  });

  it('bytes that are not those of the entry are never served, and are removed', async () => {
    const cache = await open(url);
    const key = sampleKey({ gateway: 'torn' });
    await cache.set(key, sampleAnswer());
    const client = openRedis({ url, timeoutMs: 5_000, onError: () => undefined });
    const names = async () => client.send<string[]>(['KEYS', 'weir:cache:*']);
    await waitFor(
      () =>
        names().then(
          () => true,
          () => false,
        ),
      { what: 'Redis' },
    );
    for (const name of await names()) await client.send(['SETRANGE', name, '60', '~']);
    client.close();
    await expect((async () => cache.get(key, Date.now()))()).rejects.toMatchObject({ code: 'CACHE_CORRUPT' });
    expect(await cache.get(key, Date.now())).toBeUndefined();
    await cache.close();
  });

  it('a purge right after opening waits for the connection', async () => {
    const cache = await open(url);
    await cache.set(sampleKey({ gateway: 'at-once' }), sampleAnswer());
    const command = openRedisCache({ url, timeoutMs: 20_000, onError: () => undefined });
    expect(await command.purge({ gateway: 'at-once' })).toBe(1);
    await Promise.all([cache.close(), command.close()]);
  });

  it('I8 a server that is not there is a typed error at once, without its password', async () => {
    const reasons: string[] = [];
    const onError = (reason: string): void => void reasons.push(reason);
    const cache = openRedisCache({ url: 'redis://user:s3cret@127.0.0.1:1', timeoutMs: 500, onError });
    await expect((async () => cache.get(sampleKey(), 0))()).rejects.toMatchObject({ code: 'CACHE_FAILED' });
    await expect.poll(() => reasons.length).toBeGreaterThan(0);
    expect(reasons.join()).not.toContain('s3cret');
    await cache.close();
  });
});
