import { hash } from 'node:crypto';
import { createClient, RESP_TYPES } from '@redis/client';
import { errorMessage } from '@weir/kernel';
import { decodeEntry, encodeEntry, entryKey } from '../../entry-codec.ts';
import { failing } from '../../failing.ts';
import type { CacheKey, CacheSelection, ResponseCache } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';
import { shortDigest } from '../../short-digest.ts';

export interface RedisCacheOptions {
  /** `redis://` or `rediss://`, with user, password and database. */
  readonly url: string;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
  /** Told of a lost connection; it is opened again by itself. The message holds no credential. */
  readonly onError: (reason: string) => void;
}

const PREFIX = 'weir:cache';
const RECONNECT_MS = 250;
const SCAN_COUNT = '1000';
/** The head of an entry is in its first bytes. */
const HEAD_LAST_BYTE = 64 * 1024 - 1;

/**
 * A cache for all replicas. Redis forgets entries when they expire, and by its own `maxmemory` and policy; what it gives is
 * checked as any entry is. While it is away every look-up is a failure at once.
 */
export function openRedisCache({ url, timeoutMs, onError }: RedisCacheOptions): ResponseCache {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: timeoutMs },
    socket: { connectTimeout: timeoutMs, reconnectStrategy: () => RECONNECT_MS },
  });
  client.on('error', (error: unknown) => onError(errorMessage(error)));
  // Not awaited: the gateway starts while Redis is away.
  void client.connect().catch(() => undefined);
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const remove = async (name: string): Promise<void> => void (await client.sendCommand(['DEL', name]));
  return {
    get: (key, now) =>
      failing('Redis: ', async () => {
        const entry = await bytes.get(nameOf(key));
        if (!Buffer.isBuffer(entry)) return undefined;
        try {
          const answer = decodeEntry(entry, key);
          return answer.expiresAt <= now ? undefined : answer;
        } catch (error) {
          await remove(nameOf(key));
          throw error;
        }
      }),
    set: (key, answer) =>
      failing('Redis: ', async () => {
        const leftMs = Math.max(1, answer.expiresAt - Date.now());
        await client.sendCommand(['SET', nameOf(key), encodeEntry(key, answer), 'PX', String(leftMs)]);
      }),
    purge: (selection) =>
      failing('Redis: ', async () => {
        let gone = 0;
        for (let cursor = '0'; ; ) {
          const page = await client.sendCommand<[string, string[]]>([
            'SCAN',
            cursor,
            'MATCH',
            patternOf(selection),
            'COUNT',
            SCAN_COUNT,
          ]);
          for (const name of page[1]) {
            const named = selection.key !== undefined || selection.prefix !== undefined;
            if (named && !isNamed(await bytes.getRange(name, 0, HEAD_LAST_BYTE), selection)) continue;
            gone += Number(await client.sendCommand<number>(['DEL', name]));
          }
          cursor = page[0];
          if (cursor === '0') return gone;
        }
      }),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
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

function isNamed(start: unknown, selection: CacheSelection): boolean {
  const key = Buffer.isBuffer(start) ? entryKey(start) : undefined;
  return key !== undefined && isSelected(key, selection);
}
