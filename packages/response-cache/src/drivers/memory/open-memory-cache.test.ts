import { expect, it } from 'vitest';
import { describeResponseCacheContract, sampleAnswer, sampleKey } from '../../testing/index.ts';
import { openMemoryCache } from './open-memory-cache.ts';

const limits = { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 };

describeResponseCacheContract('memory', () => {
  const cache = openMemoryCache(limits);
  return Promise.resolve({ cache, other: undefined, release: () => cache.close() });
});

it.each([
  ['bytes', { bytesMax: 320_000, entriesMax: 1_000 }],
  ['entries', { bytesMax: 64 * 1024 * 1024, entriesMax: 3 }],
])('I7 within its limit of %s, what was asked for last stays', async (_name, tight) => {
  const cache = openMemoryCache(tight);
  const now = Date.now();
  const key = (index: number) => sampleKey({ name: String(index) });
  for (const index of [0, 1, 2]) await cache.set(key(index), sampleAnswer({ body: Buffer.alloc(100_000) }));
  await cache.get(key(0), now);
  await cache.set(key(3), sampleAnswer({ body: Buffer.alloc(100_000) }));
  const kept = await Promise.all([0, 1, 2, 3].map((index) => cache.get(key(index), now)));
  expect(kept.map((answer) => answer !== undefined)).toEqual([true, false, true, true]);
});
