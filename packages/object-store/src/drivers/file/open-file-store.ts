import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, WeirError } from '@weir/kernel';
import { measure } from '../../measure.ts';
import { checkKey, checkPrefix } from '../../object-key.ts';
import {
  type ListedObject,
  type ObjectStore,
  type PutCondition,
  type PutStreamOptions,
  SMALL_OBJECT_BYTES,
  type SmallObject,
  type StoredObject,
} from '../../object-store.ts';
import { fileError } from './file-errors.ts';
import { withKeyLock } from './key-lock.ts';

/** Unfinished files and locks; starts with a dot, so no key can name it and no glob of a reader sees it. */
const TEMPORARY = '.weir-tmp';
const READ_BYTES = 1024 * 1024;

/**
 * A folder as an object store: every file is written aside, synced, and renamed into place. Works for several processes
 * on one local file system. Makes the folder when it is absent.
 */
export function openFileStore(options: { readonly directory: string }): ObjectStore {
  const root = resolve(options.directory);
  const pathOf = (key: string): string => join(root, checkKey(key));
  const temporary = join(root, TEMPORARY);

  /** Writes a file aside and hands its path to `publish`; removes it afterwards, whatever happened. */
  async function aside<T>(write: (handle: FileHandle) => Promise<T>, publish: (path: string) => Promise<void>) {
    const path = join(temporary, `${randomUUID()}.part`);
    try {
      await mkdir(temporary, { recursive: true });
      const handle = await open(path, 'wx');
      let written: T;
      try {
        written = await write(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await publish(path);
      return written;
    } catch (error) {
      throw fileError(error, root);
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  async function putStream(key: string, content: AsyncIterable<Uint8Array>, given: PutStreamOptions = {}) {
    const target = pathOf(key);
    const measured = measure(content);
    return aside(
      async (handle): Promise<StoredObject> => {
        for await (const chunk of measured.content) {
          if (given.signal?.aborted === true) throw new WeirError('STORE_CANCELLED', `writing ${key} was cancelled`);
          await handle.writeFile(chunk);
        }
        return { key, ...measured.facts() };
      },
      (path) => moveInto(path, target, rename),
    );
  }

  async function put(key: string, content: Uint8Array, condition: PutCondition): Promise<string> {
    const target = pathOf(key);
    const publish = async (path: string): Promise<void> => {
      if (condition === 'always') return moveInto(path, target, rename);
      if (condition === 'absent') return moveInto(path, target, link).catch((error) => conflictOr(error, key));
      await withKeyLock(temporary, key, async () => {
        if ((await get(key))?.version !== condition.version) throw conflict(key);
        await moveInto(path, target, rename);
      });
    };
    await aside((handle) => handle.writeFile(content), publish);
    return versionOf(content);
  }

  async function get(key: string): Promise<SmallObject | undefined> {
    const path = pathOf(key);
    try {
      const { size } = await stat(path);
      if (size > SMALL_OBJECT_BYTES) throw new WeirError('STORE_TOO_LARGE', `${key} has ${size} bytes`);
      const content = await readFile(path);
      return { content, version: versionOf(content) };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw fileError(error, root);
    }
  }

  async function* stream(key: string): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of createReadStream(pathOf(key), { highWaterMark: READ_BYTES })) yield chunk;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw new WeirError('STORE_NOT_FOUND', `there is no ${key} in ${root}`);
      throw fileError(error, root);
    }
  }

  async function check() {
    const probe = '_work/check';
    await put(probe, Buffer.from('Weir can write here.\n'), 'always');
    await removeFile(probe);
    return { conditionalWrites: true };
  }
  const removeFile = (key: string): Promise<void> =>
    rm(pathOf(key), { force: true }).catch((error) => {
      throw fileError(error, root);
    });

  return {
    location: `file:${root}`,
    putStream,
    put,
    get,
    stream,
    list: (prefix) => listFiles(root, checkPrefix(prefix)),
    delete: removeFile,
    removeLeftovers: (olderThanMs) => removeOld(temporary, olderThanMs),
    check,
    close: async () => undefined,
  };
}

const versionOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const conflict = (key: string): WeirError =>
  new WeirError('STORE_CONFLICT', `${key} was written by someone else`, { fix: 'Read it again.' });

function conflictOr(error: unknown, key: string): never {
  throw errorCode(error) === 'EEXIST' ? conflict(key) : error;
}

/** Puts a finished file into place and makes its name survive a power cut. */
async function moveInto(
  path: string,
  target: string,
  move: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(target);
  const firstMade = await mkdir(folder, { recursive: true });
  await move(path, target);
  await syncDirectory(folder);
  if (firstMade === undefined) return;
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) await syncDirectory(dirname(made));
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Depth first in the order of whole keys: a folder's files sort as if its name ended in a slash. */
async function* listFiles(root: string, prefix: string): AsyncGenerator<ListedObject> {
  const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
  yield* walk(start);

  async function* walk(folder: string): AsyncGenerator<ListedObject> {
    const names: string[] = [];
    try {
      for await (const entry of await opendir(join(root, folder))) {
        if (!entry.name.startsWith('.')) names.push(entry.isDirectory() ? `${entry.name}/` : entry.name);
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return;
      throw fileError(error, root);
    }
    for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
      const key = folder === '' ? name : `${folder}/${name}`;
      if (name.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(key.slice(0, -1));
        continue;
      }
      if (!key.startsWith(prefix)) continue;
      const facts = await stat(join(root, key)).catch(() => undefined);
      if (facts !== undefined) yield { key, bytes: facts.size, modifiedMs: facts.mtimeMs };
    }
  }
}

async function removeOld(temporary: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  try {
    for await (const entry of await opendir(temporary)) {
      const path = join(temporary, entry.name);
      const facts = await stat(path).catch(() => undefined);
      if (facts === undefined || Date.now() - facts.mtimeMs < olderThanMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, temporary);
  }
  return removed;
}
