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
  type StoreAbilities,
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
  return new FileStore(resolve(options.directory));
}

class FileStore implements ObjectStore {
  readonly location: string;
  readonly #root: string;
  readonly #temporary: string;

  constructor(root: string) {
    this.location = `file:${root}`;
    this.#root = root;
    this.#temporary = join(root, TEMPORARY);
  }

  async putStream(
    key: string,
    content: AsyncIterable<Uint8Array>,
    given: PutStreamOptions = {},
  ): Promise<StoredObject> {
    const target = this.#pathOf(key);
    const measured = measure(content);
    const write = async (handle: FileHandle): Promise<void> => {
      for await (const chunk of measured.content) {
        if (given.signal?.aborted === true) throw new WeirError('STORE_CANCELLED', `writing ${key} was cancelled`);
        await handle.writeFile(chunk);
      }
    };
    await this.#aside(write, (path) => moveInto(path, target, rename));
    return { key, ...measured.facts() };
  }

  async put(key: string, content: Uint8Array, condition: PutCondition): Promise<string> {
    const target = this.#pathOf(key);
    const publish = async (path: string): Promise<void> => {
      if (condition === 'always') return moveInto(path, target, rename);
      if (condition === 'absent') return moveInto(path, target, link).catch((error) => conflictOr(error, key));
      await withKeyLock(this.#temporary, key, async () => {
        if ((await this.get(key))?.version !== condition.version) throw conflict(key);
        await moveInto(path, target, rename);
      });
    };
    await this.#aside((handle) => handle.writeFile(content), publish);
    return versionOf(content);
  }

  async get(key: string): Promise<SmallObject | undefined> {
    const path = this.#pathOf(key);
    try {
      const { size } = await stat(path);
      if (size > SMALL_OBJECT_BYTES) throw new WeirError('STORE_TOO_LARGE', `${key} has ${size} bytes`);
      const content = await readFile(path);
      return { content, version: versionOf(content) };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw fileError(error, this.#root);
    }
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of createReadStream(this.#pathOf(key), { highWaterMark: READ_BYTES })) yield chunk;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw fileError(error, this.#root);
      throw new WeirError('STORE_NOT_FOUND', `there is no ${key} in ${this.#root}`);
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    yield* listFiles(this.#root, checkPrefix(prefix));
  }

  async delete(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true }).catch((error) => {
      throw fileError(error, this.#root);
    });
  }

  removeLeftovers(olderThanMs: number): Promise<number> {
    return removeOld(this.#temporary, olderThanMs);
  }

  async check(): Promise<StoreAbilities> {
    const probe = `_work/check-${randomUUID()}`;
    await this.put(probe, Buffer.from('Weir can write here.\n'), 'always');
    await this.delete(probe);
    return { conditionalWrites: true };
  }

  async close(): Promise<void> {}

  #pathOf(key: string): string {
    return join(this.#root, checkKey(key));
  }

  /** Writes a file aside and hands its path to `publish`; removes it afterwards, whatever happened. */
  async #aside(write: (handle: FileHandle) => Promise<void>, publish: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.#temporary, `${randomUUID()}.part`);
    try {
      await mkdir(this.#temporary, { recursive: true });
      const handle = await open(path, 'wx');
      try {
        await write(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await publish(path);
    } catch (error) {
      throw fileError(error, this.#root);
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
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
