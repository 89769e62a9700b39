import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDirectory, waitFor } from '@weir/testkit';
import { expect, it } from 'vitest';
import { describeResponseCacheContract, sampleAnswer, sampleKey } from '../../testing/index.ts';
import { openFileCache } from './open-file-cache.ts';

const limits = { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 };

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
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

it('a file that is torn, changed or under another name is never served, and is removed', async () => {
  const folder = await tempDirectory();
  const cache = openFileCache({ directory: folder.value, limits });
  const now = Date.now();
  await cache.set(sampleKey(), sampleAnswer());
  const [path = ''] = filesOf(folder.value);
  const whole = readFileSync(path);
  const refused = async (bytes: Buffer): Promise<void> => {
    writeFileSync(path, bytes);
    await expect(cache.get(sampleKey(), now)).rejects.toMatchObject({ code: 'CACHE_CORRUPT' });
    expect(await cache.get(sampleKey(), now)).toBeUndefined();
  };
  for (let length = 0; length < whole.length; length += 1) await refused(whole.subarray(0, length));
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    await refused(changed);
  }
  await cache.set(sampleKey({ name: 'b' }), sampleAnswer());
  const [other = ''] = filesOf(folder.value);
  await refused(readFileSync(other));
  await cache.close();
  await folder.stop();
});

it('I7 stays within its limits: what expires first goes first', async () => {
  const folder = await tempDirectory();
  const tight = { bytesMax: 1_000_000, entriesMax: 1_000 };
  const cache = openFileCache({ directory: folder.value, limits: tight });
  const now = Date.now();
  const key = (index: number) => sampleKey({ name: String(index) });
  for (let index = 0; index < 40; index += 1) {
    const answer = sampleAnswer({ body: Buffer.alloc(50_000), expiresAt: now + 60_000 + index * 1_000 });
    await cache.set(key(index), answer);
  }
  const bytes = (): number => filesOf(folder.value).reduce((sum, path) => sum + statSync(path).size, 0);
  await waitFor(() => bytes() <= tight.bytesMax * 1.05, { what: 'the sweep', timeoutMs: 10_000 });
  expect(await cache.get(key(39), now)).toBeDefined();
  expect(await cache.get(key(0), now)).toBeUndefined();
  await cache.close();
  await folder.stop();
});

it('a sweep removes what has expired', async () => {
  const folder = await tempDirectory();
  const first = openFileCache({ directory: folder.value, limits });
  await first.set(sampleKey(), sampleAnswer({ expiresAt: Date.now() - 1 }));
  await first.close();
  const second = openFileCache({ directory: folder.value, limits });
  await waitFor(() => filesOf(folder.value).length === 0, { what: 'the sweep', timeoutMs: 10_000 });
  await second.close();
  await folder.stop();
});

it('kill -9 of a writer: what is served afterwards is whole', async () => {
  const folder = await tempDirectory();
  const now = Date.now();
  const cache = openFileCache({ directory: folder.value, limits });
  for (let kill = 0; kill < 5; kill += 1) {
    const script = join(import.meta.dirname, '../../testing/writer-process.ts');
    const child = spawn(process.execPath, [script, folder.value], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 20 + kill * 13));
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let index = 0; index < 8; index += 1) {
      const answer = await cache.get(sampleKey({ name: String(index) }), now);
      expect(answer === undefined || new Set(answer.body).size === 1).toBe(true);
    }
  }
  await cache.close();
  await folder.stop();
});
