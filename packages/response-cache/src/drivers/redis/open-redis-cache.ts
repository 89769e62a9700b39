import { hash } from 'node:crypto';
import { openRedis, type RedisOptions } from '@weir/redis-client';
import { encodeEntry, entryKey } from '../../entry-codec.ts';
import { failing } from '../../failing.ts';
import { liveAnswer } from '../../live-answer.ts';
import type { CacheKey, CacheSelection, ResponseCache } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';
import { shortDigest } from './short-digest.ts';

const PREFIX = 'weir:cache';
const SCAN_COUNT = '1000';
/** The head of an entry is in its first bytes. */
const HEAD_LAST_BYTE = String(64 * 1024 - 1);

/**
 * A cache for all replicas. Redis forgets entries when they expire, and by its own `maxmemory` and policy; what it gives is
 * checked as any entry is. While it is away every look-up is a failure at once.
 */
export function openRedisCache(options: RedisOptions): ResponseCache {
  const redis = openRedis(options);
  const remove = (name: string): Promise<number> => redis.send<number>(['DEL', name]);
  return {
    get: (key, now) =>
      failing('Redis: ', async () => {
        const entry = await redis.sendForBytes<Buffer | null>(['GET', nameOf(key)]);
        if (entry === null) return undefined;
        try {
          return liveAnswer(entry, key, now);
        } catch (error) {
          await remove(nameOf(key));
          throw error;
        }
      }),
    set: (key, answer) =>
      failing('Redis: ', async () => {
        const leftMs = Math.max(1, answer.expiresAt - Date.now());
        await redis.send(['SET', nameOf(key), encodeEntry(key, answer), 'PX', String(leftMs)]);
      }),
    purge: async (selection) =>
      failing('Redis: ', async () => {
        await redis.opened();
        const named = selection.key !== undefined || selection.prefix !== undefined;
        const pattern = patternOf(selection);
        let gone = 0;
        for (let cursor = '0'; ; ) {
          const page = await redis.send<[string, string[]]>(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT]);
          for (const name of page[1]) {
            const head = named ? await redis.sendForBytes<Buffer>(['GETRANGE', name, '0', HEAD_LAST_BYTE]) : undefined;
            if (head === undefined || isNamed(head, selection)) gone += await remove(name);
          }
          cursor = page[0];
          if (cursor === '0') return gone;
        }
      }),
    close: async () => redis.close(),
  };
}

const nameOf = ({ gateway, account, name, chosen }: CacheKey): string =>
  [PREFIX, shortDigest(gateway), shortDigest(account), chosen ? 'chosen' : 'digest', hash('sha256', name, 'hex')].join(
    ':',
  );

function patternOf({ gateway, account, key, prefix }: CacheSelection): string {
  const of = (text: string | undefined): string => (text === undefined ? '*' : shortDigest(text));
  const kind = key === undefined && prefix === undefined ? '*' : 'chosen';
  return [PREFIX, of(gateway), of(account), kind, '*'].join(':');
}

function isNamed(start: Buffer, selection: CacheSelection): boolean {
  const key = entryKey(start);
  return key !== undefined && isSelected(key, selection);
}
