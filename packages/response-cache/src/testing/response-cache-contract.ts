import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheKey, ResponseCache } from '../response-cache.ts';
import { NOW, sampleAnswer, sampleKey } from './sample-entry.ts';

export interface ContractScene {
  readonly cache: ResponseCache;
  /** A second handle of what other processes see; undefined for a cache of one process. */
  readonly other: ResponseCache | undefined;
  release(): Promise<void>;
}

/** What every driver of the response cache holds. */
export function describeResponseCacheContract(name: string, open: () => Promise<ContractScene>): void {
  describe(`response cache contract: ${name}`, () => {
    let scene: ContractScene;
    beforeAll(async () => {
      scene = await open();
    });
    afterAll(() => scene.release());

    it('gives what was stored, as it was, until it expires', async () => {
      const { cache } = scene;
      expect(await cache.get(sampleKey(), NOW)).toBeUndefined();
      await cache.set(sampleKey(), sampleAnswer());
      expect(await cache.get(sampleKey(), NOW)).toEqual(sampleAnswer());
      expect(await cache.get(sampleKey(), NOW + 59_999)).toEqual(sampleAnswer());
      expect(await cache.get(sampleKey(), NOW + 60_000)).toBeUndefined();
    });

    it('replaces, and keeps gateways, accounts, names and kinds of name apart', async () => {
      const { cache } = scene;
      const keys = [
        sampleKey({ gateway: 'one' }),
        sampleKey({ gateway: 'two' }),
        sampleKey({ gateway: 'one', account: 'other/../acc' }),
        sampleKey({ gateway: 'one', name: 'x é \n' }),
        sampleKey({ gateway: 'one', chosen: true }),
      ];
      for (const round of ['first', 'second']) {
        for (const [index, key] of keys.entries()) {
          await cache.set(key, sampleAnswer({ body: Buffer.from(`${round} ${index}`) }));
        }
      }
      const bodies = await Promise.all(keys.map(async (key) => (await cache.get(key, NOW))?.body.toString()));
      expect(bodies).toEqual(keys.map((_key, index) => `second ${index}`));
    });

    it('a large body and an empty one', async () => {
      for (const body of [Buffer.alloc(5_000_000, 7), Buffer.alloc(0)]) {
        await scene.cache.set(sampleKey({ name: 'size' }), sampleAnswer({ body }));
        expect((await scene.cache.get(sampleKey({ name: 'size' }), NOW))?.body.equals(body)).toBe(true);
      }
    });

    it('purges by key, by prefix, by account, by gateway', async () => {
      const { cache } = scene;
      const chosen = (gateway: string, account: string, key: string): CacheKey =>
        sampleKey({ gateway, account, name: key, chosen: true });
      const keys = [
        chosen('p', 'a', 'news-1'),
        chosen('p', 'a', 'news-2'),
        chosen('p', 'a', 'other'),
        chosen('p', 'b', 'news-1'),
        chosen('q', 'a', 'news-1'),
        sampleKey({ gateway: 'p', account: 'a', name: 'news-1' }),
      ];
      for (const key of keys) await cache.set(key, sampleAnswer());
      const left = async (): Promise<number[]> => {
        const found = await Promise.all(keys.map((key) => cache.get(key, NOW)));
        return found.flatMap((answer, index) => (answer === undefined ? [] : [index]));
      };
      expect(await cache.purge({ gateway: 'p', account: 'a', key: 'news-1' })).toBe(1);
      expect(await left()).toEqual([1, 2, 3, 4, 5]);
      expect(await cache.purge({ gateway: 'p', prefix: 'news-' })).toBe(2);
      expect(await left()).toEqual([2, 4, 5]);
      expect(await cache.purge({ gateway: 'p', account: 'b' })).toBe(0);
      expect(await cache.purge({ gateway: 'p', account: 'a' })).toBe(2);
      expect(await left()).toEqual([4]);
      expect(await cache.purge({ gateway: 'q' })).toBe(1);
      expect(await left()).toEqual([]);
    });

    it('is one cache for all handles', async () => {
      if (scene.other === undefined) return;
      const key = sampleKey({ gateway: 'shared' });
      await scene.cache.set(key, sampleAnswer());
      expect(await scene.other.get(key, NOW)).toEqual(sampleAnswer());
      expect(await scene.other.purge({ gateway: 'shared' })).toBe(1);
      expect(await scene.cache.get(key, NOW)).toBeUndefined();
    });

    it('many at once: each reader sees one whole answer or none', async () => {
      const { cache } = scene;
      const other = scene.other ?? cache;
      const key = sampleKey({ gateway: 'busy' });
      const bodies = [1, 2, 3, 4].map((letter) => Buffer.alloc(200_000 + letter, letter));
      const writing = bodies.flatMap((body) => [cache, other].map((by) => by.set(key, sampleAnswer({ body }))));
      const reading = Array.from({ length: 40 }, async (_unused, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 7));
        return (await (index % 2 === 0 ? cache : other).get(key, NOW))?.body;
      });
      await Promise.all(writing);
      for (const body of await Promise.all(reading)) {
        expect(body === undefined || bodies.some((whole) => whole.equals(body))).toBe(true);
      }
    });
  });
}
