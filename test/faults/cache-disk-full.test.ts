import { join } from 'node:path';
import { errorCode, type Started } from '@weir/kernel';
import type { CachedAnswer, CacheKey } from '@weir/response-cache';
import { openFileCache } from '@weir/response-cache/drivers/file';
import { afterAll, describe, expect, it } from 'vitest';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const disk = await mountSmallDisk(16);
const reason = typeof disk === 'string' ? ` SKIPPED: ${disk}` : '';

const keyOf = (index: number): CacheKey => ({ gateway: 'g', account: 'a', name: String(index), chosen: true });
function answerOf(index: number): CachedAnswer {
  const storedAt = Date.now();
  const headers = ['x-index', String(index)];
  const body = Buffer.alloc(3_000 + (index % 500), index);
  return { headers, body, requestId: `r-${index}`, usageAdded: false, storedAt, expiresAt: storedAt + 3_600_000 };
}

describe.skipIf(reason !== '')(`I7 the cache on a full disk${reason}`, () => {
  const { value: space, stop: unmount } = disk as Started<SmallDisk>;
  afterAll(() => unmount());

  it('fails to store, typed; gives what it has, whole; and stores again when there is room', async () => {
    const limits = { bytesMax: 64 * MIB, entriesMax: 10_000 };
    const cache = openFileCache({ directory: join(space.path, 'cache'), limits });
    const set = async (index: number): Promise<string> => {
      try {
        await cache.set(keyOf(index), answerOf(index));
        return 'stored';
      } catch (error) {
        return errorCode(error);
      }
    };
    const found = async (index: number): Promise<boolean> => {
      const answer = await cache.get(keyOf(index), Date.now());
      if (answer === undefined) return false;
      const { headers, body, requestId } = answerOf(index);
      expect(answer).toMatchObject({ headers, body, requestId });
      return true;
    };
    expect(await set(0)).toBe('stored');
    space.fill(MIB);
    const results = new Map<number, string>();
    for (let index = 1; index <= 1_000; index += 1) results.set(index, await set(index));
    expect(new Set(results.values())).toEqual(new Set(['stored', 'CACHE_FAILED']));
    expect(await found(0)).toBe(true);
    for (const [index, result] of results) expect(await found(index)).toBe(result === 'stored');
    space.free();
    for (let index = 2_000; index < 2_100; index += 1) expect(await set(index)).toBe('stored');
    for (let index = 2_000; index < 2_100; index += 1) expect(await found(index)).toBe(true);
    await cache.close();
  });
});
