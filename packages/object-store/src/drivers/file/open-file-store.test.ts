import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Started } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';
import { expect, it } from 'vitest';
import { describeObjectStoreContract } from '../../testing/index.ts';
import { openFileStore } from './open-file-store.ts';

describeObjectStoreContract('folder', async () => {
  const folder = await tempDirectory();
  const directory = join(folder.value, 'made', 'when', 'absent');
  const [store, other] = [openFileStore({ directory }), openFileStore({ directory })];
  return { store, other, partBytes: 100_000, release: () => folder.stop() };
});

it('O1 keeps unfinished files out of sight and removes those that a killed process left', async () => {
  const folder = await tempDirectory();
  const store = openFileStore({ directory: folder.value });
  await mkdir(join(folder.value, '.weir-tmp'));
  await writeFile(join(folder.value, '.weir-tmp', 'left.part'), 'half');
  for await (const object of store.list('')) expect(object).toBeUndefined();
  expect(await store.removeLeftovers(60_000)).toBe(0);
  expect(await store.removeLeftovers(0)).toBe(1);
  expect(await readdir(join(folder.value, '.weir-tmp'))).toEqual([]);
  await folder.stop();
});

it('says that a folder cannot be made or written', async () => {
  const folder = await tempDirectory();
  await writeFile(join(folder.value, 'file'), '');
  const below = openFileStore({ directory: join(folder.value, 'file', 'below') });
  await expect(below.check()).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
  if (process.getuid?.() !== 0) {
    await chmod(folder.value, 0o500);
    const denied = openFileStore({ directory: join(folder.value, 'x') });
    await expect(denied.check()).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
  }
  await folder.stop();
});

/** A file system of 128 KiB, where this user may mount one. */
async function smallDisk(): Promise<Started<string> | undefined> {
  const folder = await tempDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder.value], { stdio: 'ignore' });
  } catch {
    await folder.stop();
    return undefined;
  }
  const stop = async (): Promise<void> => {
    execFileSync('umount', [folder.value]);
    await folder.stop();
  };
  return { value: folder.value, stop };
}

it('O1 says that the disk is full, keeps nothing of the file, and works again when there is room', async (context) => {
  const disk = await smallDisk();
  if (disk === undefined) return context.skip('this user may not mount a tmpfs');
  const store = openFileStore({ directory: disk.value });
  const large = async function* (): AsyncGenerator<Uint8Array> {
    for (let written = 0; written < 64; written += 1) yield Buffer.alloc(8_192);
  };
  const writing = store.putStream('a/b', large());
  await expect(writing).rejects.toMatchObject({ code: 'STORE_DISK_FULL', retriable: true });
  for await (const object of store.list('')) expect(object).toBeUndefined();
  expect(await readdir(join(disk.value, '.weir-tmp'))).toEqual([]);
  await store.put('a/c', Buffer.from('fits'), 'absent');
  expect(Buffer.from((await store.get('a/c'))?.content ?? []).toString()).toBe('fits');
  await disk.stop();
});
