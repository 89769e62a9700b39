import { hash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFile, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '@weir/kernel';
import { decodeEntry, encodeEntry, entryKey } from '../../entry-codec.ts';
import { failing } from '../../failing.ts';
import type { CachedAnswer, CacheKey, CacheLimits, CacheSelection, ResponseCache } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';
import { shortDigest } from '../../short-digest.ts';
import { TEMPORARY, walkEntries } from './cache-files.ts';
import { Sweeper } from './sweeper.ts';

/** Five calls into the page cache are some 40 µs; through threads they take ten times as much of a processor. */
const SYNC_BYTES_MAX = 256 * 1024;
/** The head of an entry is in its first bytes. */
const HEAD_BYTES = 64 * 1024;

export interface FileCacheOptions {
  readonly directory: string;
  readonly limits: CacheLimits;
}

/**
 * A cache in a directory, shared by all processes that name it: one file an entry, written aside and renamed into place,
 * so that a reader sees all of it or nothing. No lock and no index: whoever dies leaves at most an unfinished file, which
 * the next sweep removes. Its time of change is the time at which the entry expires.
 */
export function openFileCache({ directory, limits }: FileCacheOptions): ResponseCache {
  const sweeper = new Sweeper(directory, limits);
  sweeper.start();
  return {
    get: (key, now) => failing('', () => getEntry(fileOf(directory, key), key, now)),
    set: (key, answer) =>
      failing('', async () => {
        const bytes = await putEntry(directory, key, answer);
        sweeper.written(bytes);
      }),
    purge: (selection) => failing('', () => purgeEntries(directory, selection)),
    close: () => sweeper.stop(),
  };
}

/** The gateway and the account are folders, so that either can go by itself. */
function fileOf(directory: string, { gateway, account, name, chosen }: CacheKey): string {
  const folder = join(directory, shortDigest(gateway), shortDigest(account));
  return join(folder, `${chosen ? 'chosen' : 'digest'}-${hash('sha256', name, 'hex')}`);
}

async function getEntry(path: string, key: CacheKey, now: number): Promise<CachedAnswer | undefined> {
  // Most look-ups find nothing: that takes no thread.
  if (!existsSync(path)) return undefined;
  const entry = await readWhole(path);
  if (entry === undefined) return undefined;
  try {
    const answer = decodeEntry(entry, key);
    return answer.expiresAt <= now ? undefined : answer;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Undefined when the file is gone. */
function readWhole(path: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    readFile(path, (error, data) => {
      if (error === null) resolve(data);
      else if (errorCode(error) === 'ENOENT') resolve(undefined);
      else reject(error);
    });
  });
}

async function putEntry(directory: string, key: CacheKey, answer: CachedAnswer): Promise<number> {
  const entry = encodeEntry(key, answer);
  const aside = join(directory, TEMPORARY, randomUUID());
  const path = fileOf(directory, key);
  const expires = new Date(answer.expiresAt);
  try {
    if (entry.length <= SYNC_BYTES_MAX) putSync(entry, aside, path, expires);
    else {
      await makeFolders(aside, path);
      await writeFile(aside, entry, { flag: 'wx' });
      await utimes(aside, expires, expires);
      await rename(aside, path);
    }
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return entry.length;
}

function putSync(entry: Buffer, aside: string, path: string, expires: Date): void {
  const put = (): void => {
    writeFileSync(aside, entry, { flag: 'wx' });
    utimesSync(aside, expires, expires);
    renameSync(aside, path);
  };
  try {
    put();
  } catch (error) {
    // The folders are there but for the first time.
    if (errorCode(error) !== 'ENOENT') throw error;
    for (const file of [aside, path]) mkdirSync(dirname(file), { recursive: true });
    rmSync(aside, { force: true });
    put();
  }
}

async function makeFolders(...files: readonly string[]): Promise<void> {
  for (const file of files) await mkdir(dirname(file), { recursive: true });
}

async function purgeEntries(directory: string, selection: CacheSelection): Promise<number> {
  const { gateway, account, key, prefix } = selection;
  let gone = 0;
  const named = key !== undefined || prefix !== undefined;
  for await (const path of walkEntries(directory, {
    gateway: gateway === undefined ? undefined : shortDigest(gateway),
    account: account === undefined ? undefined : shortDigest(account),
  })) {
    if (named && !(await isNamed(path, selection))) continue;
    await rm(path, { force: true });
    gone += 1;
  }
  return gone;
}

/** Reads no more of the entry than tells its key. */
async function isNamed(path: string, selection: CacheSelection): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const start = Buffer.allocUnsafe(HEAD_BYTES);
      const { bytesRead } = await file.read(start, 0, HEAD_BYTES, 0);
      const key = entryKey(start.subarray(0, bytesRead));
      return key !== undefined && isSelected(key, selection);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
