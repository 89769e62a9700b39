import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@weir/kernel';
import { tempDirectory, waitFor } from '@weir/testkit';
import { afterEach, expect, it } from 'vitest';
import type { CachedAnswer, CacheKey, CacheLimits, ResponseCache } from '../../response-cache.ts';
import { describeResponseCacheContract, sampleAnswer, sampleKey } from '../../testing/index.ts';
import { openFileCache } from './open-file-cache.ts';

const limits = { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function newDirectory(): Promise<string> {
  const folder = await tempDirectory();
  stops.push(() => folder.stop());
  return folder.value;
}
function open(directory: string, its: CacheLimits = limits): ResponseCache {
  const cache = openFileCache({ directory, limits: its });
  stops.push(() => cache.close());
  return cache;
}
const segmentsOf = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.entries'))
    .map((name) => join(directory, name));
const indexOf = (directory: string): string =>
  join(directory, readdirSync(directory).find((name) => name.startsWith('index-')) ?? '');
const bytesOf = (directory: string): number =>
  segmentsOf(directory).reduce((sum, path) => sum + statSync(path).size, 0);

/** What a look-up comes to: an answer, a miss, or bytes that were found not to be those of the entry. */
async function lookUp(cache: ResponseCache, key: CacheKey): Promise<CachedAnswer | 'none' | 'corrupt'> {
  try {
    return (await cache.get(key, Date.now())) ?? 'none';
  } catch (error) {
    if (errorCode(error) === 'CACHE_CORRUPT') return 'corrupt';
    throw error;
  }
}

describeResponseCacheContract('directory', async () => {
  const folder = await tempDirectory();
  const directory = join(folder.value, 'made', 'when', 'absent');
  const [cache, other] = [openFileCache({ directory, limits }), openFileCache({ directory, limits })];
  const release = async (): Promise<void> => {
    await Promise.all([cache.close(), other.close()]);
    await folder.stop();
  };
  return { cache, other, release };
});

it('a segment with any bit changed, or cut anywhere, is never served, and its entry is removed', async () => {
  const directory = await newDirectory();
  const cache = open(directory);
  await cache.set(sampleKey(), sampleAnswer());
  const [path = ''] = segmentsOf(directory);
  const [segment, index] = [readFileSync(path), readFileSync(indexOf(directory))];
  const seen = async (change: () => void): Promise<unknown[]> => {
    writeFileSync(path, segment);
    writeFileSync(indexOf(directory), index);
    expect(await lookUp(cache, sampleKey())).toEqual(sampleAnswer());
    change();
    return [await lookUp(cache, sampleKey()), await lookUp(cache, sampleKey())];
  };
  for (let length = 0; length < segment.length; length += 1) {
    expect(await seen(() => truncateSync(path, length))).toEqual(['none', 'none']);
  }
  for (let at = 0; at < segment.length; at += 1) {
    const changed = Buffer.from(segment);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    expect(await seen(() => writeFileSync(path, changed))).toEqual(['corrupt', 'none']);
  }
});

it('an index with any bit of a slot changed is a miss, and one that points to another entry gives nothing', async () => {
  const directory = await newDirectory();
  const cache = open(directory, { ...limits, entriesMax: 2 });
  await cache.set(sampleKey(), sampleAnswer());
  await cache.set(sampleKey({ name: 'other' }), sampleAnswer({ body: Buffer.from('other') }));
  const path = indexOf(directory);
  const index = readFileSync(path);
  const slotBytes = index.length / 2;
  for (let at = 0; at < slotBytes; at += 1) {
    const changed = Buffer.from(index);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, changed);
    const found = await Promise.all([lookUp(cache, sampleKey()), lookUp(cache, sampleKey({ name: 'other' }))]);
    expect(found.filter((answer) => answer === 'none')).toHaveLength(1);
  }
  // The digest of one key over the place of the other's entry, as a collision would have it.
  const [first, second] = [index.subarray(0, slotBytes), index.subarray(slotBytes)];
  const crossed = Buffer.concat([second.subarray(0, 8), first.subarray(8), second]);
  writeFileSync(path, crossed);
  expect(await lookUp(cache, sampleKey())).toBe('none');
});

it('I7 stays within its limit of bytes under load from two handles: what expires first goes first', async () => {
  const directory = await newDirectory();
  const tight = { bytesMax: 1_000_000, entriesMax: 1_000 };
  const handles = [open(directory, tight), open(directory, tight)];
  const now = Date.now();
  const key = (index: number) => sampleKey({ name: String(index) });
  let most = 0;
  for (let index = 0; index < 400; index += 1) {
    const expiresAt = now + 60_000 + index * 1_000;
    await handles[index % 2]?.set(key(index), sampleAnswer({ body: Buffer.alloc(5_000, index), expiresAt }));
    most = Math.max(most, bytesOf(directory));
  }
  expect(most).toBeLessThan(tight.bytesMax * (1 + 1 / 32));
  const kept: boolean[] = [];
  for (let index = 0; index < 400; index += 1) kept.push((await handles[0]?.get(key(index), now)) !== undefined);
  const first = kept.indexOf(true);
  // The limit is used, and what stays is what expires last.
  expect(kept.filter(Boolean).length).toBeGreaterThan(120);
  expect(kept.slice(0, 180).some(Boolean)).toBe(false);
  expect(first).toBeGreaterThan(180);
  expect(kept.slice(-40).every(Boolean)).toBe(true);
});

it('I7 stays within its limit of entries: what expires first goes first', async () => {
  const cache = open(await newDirectory(), { ...limits, entriesMax: 20 });
  const now = Date.now();
  const key = (index: number) => sampleKey({ name: String(index) });
  for (let index = 0; index < 50; index += 1) {
    await cache.set(key(index), sampleAnswer({ expiresAt: now + 60_000 + ((index * 7) % 50) * 1_000 }));
  }
  const kept: number[] = [];
  for (let index = 0; index < 50; index += 1) {
    const answer = await cache.get(key(index), now);
    if (answer !== undefined) kept.push((answer.expiresAt - now - 60_000) / 1_000);
  }
  expect(kept.length).toBe(20);
  expect(kept.filter((order) => order >= 30).length).toBeGreaterThanOrEqual(19);
});

it('I7 an answer larger than all of the cache is not stored', async () => {
  const cache = open(await newDirectory(), { bytesMax: 100_000, entriesMax: 10 });
  await cache.set(sampleKey(), sampleAnswer({ body: Buffer.alloc(100_001) }));
  expect(await cache.get(sampleKey(), Date.now())).toBeUndefined();
});

it('what has expired is removed from the disk', async () => {
  const directory = await newDirectory();
  const first = open(directory);
  const past = Date.now() - 100_000;
  await first.set(sampleKey(), sampleAnswer({ storedAt: past, expiresAt: past + 1_000 }));
  expect(segmentsOf(directory)).toHaveLength(1);
  open(directory);
  expect(segmentsOf(directory)).toHaveLength(0);
});

it('a purge reaches entries of handles with other limits, and overwrites what they held', async () => {
  const directory = await newDirectory();
  const [cache, other] = [open(directory), open(directory, { ...limits, entriesMax: 50 })];
  const secret = sampleAnswer({ body: Buffer.from('what nobody may see again') });
  await cache.set(sampleKey({ name: 'one', chosen: true }), secret);
  await other.set(sampleKey({ name: 'two', chosen: true }), secret);
  expect(await cache.purge({ gateway: 'team' })).toBe(2);
  expect(await other.get(sampleKey({ name: 'two', chosen: true }), Date.now())).toBeUndefined();
  for (const path of segmentsOf(directory)) expect(readFileSync(path, 'latin1')).not.toContain('nobody');
  await cache.set(sampleKey(), secret);
  expect(await cache.purge({})).toBe(1);
  expect(bytesOf(directory)).toBe(0);
});

it('a directory that is removed, or emptied, under the cache is made again', async () => {
  const directory = join(await newDirectory(), 'cache');
  const cache = open(directory);
  await cache.set(sampleKey(), sampleAnswer());
  rmSync(directory, { recursive: true });
  await waitFor(
    async () => {
      await cache.set(sampleKey({ name: String(Math.random()) }), sampleAnswer());
      return segmentsOf(directory).length > 0;
    },
    { what: 'a new segment', intervalMs: 1 },
  );
  await cache.set(sampleKey(), sampleAnswer());
  expect(await open(directory).get(sampleKey(), Date.now())).toEqual(sampleAnswer());
});

it('a directory that cannot be made fails its calls, not who opens it; nothing is made where nothing is cached', async () => {
  const directory = await newDirectory();
  writeFileSync(join(directory, 'a-file'), '');
  const cache = open(join(directory, 'a-file', 'cache'));
  await expect((async () => cache.get(sampleKey(), 0))()).rejects.toMatchObject({ code: 'CACHE_FAILED' });
  await expect((async () => cache.set(sampleKey(), sampleAnswer()))()).rejects.toMatchObject({ code: 'CACHE_FAILED' });
  const unused = open(join(directory, 'unused'));
  expect(await unused.purge({})).toBe(0);
  expect(readdirSync(directory)).toEqual(['a-file']);
});

it('the files of an earlier version are removed, and no others', async () => {
  const directory = await newDirectory();
  const old = join(directory, 'a'.repeat(32), 'b'.repeat(32));
  mkdirSync(old, { recursive: true });
  mkdirSync(join(directory, '.unfinished'));
  writeFileSync(join(old, `digest-${'c'.repeat(64)}`), 'x');
  writeFileSync(join(directory, 'notes.txt'), 'x');
  await openFileCache({ directory, limits }).close();
  expect(readdirSync(directory).filter((name) => !name.startsWith('index-'))).toEqual(['notes.txt']);
  expect(existsSync(old)).toBe(false);
});

it('kill -9 of writers at work together: what is served afterwards, and meanwhile, is whole', async () => {
  const directory = await newDirectory();
  const cache = open(directory);
  const keys = Array.from({ length: 7 }, (_, index) => sampleKey({ name: String(index) }));
  let served = 0;
  const check = async (): Promise<void> => {
    for (const key of keys) {
      const answer = await lookUp(cache, key);
      expect(answer).not.toBe('corrupt');
      if (typeof answer === 'string') continue;
      served += 1;
      expect(new Set(answer.body).size).toBe(1);
      expect(answer.headers).toEqual(['x-bytes', String(answer.body.length)]);
    }
  };
  const script = join(import.meta.dirname, '../../testing/writer-process.ts');
  for (let kill = 0; kill < 4; kill += 1) {
    const children = [0, 1].map(() =>
      spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    for (let round = 0; round < 10 + kill; round += 1) await check();
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => once(child, 'exit')));
    await check();
  }
  expect(served).toBeGreaterThan(100);
});
