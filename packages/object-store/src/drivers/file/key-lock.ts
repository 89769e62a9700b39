import { createHash } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, sleep, WeirError } from '@weir/kernel';

const STALE_MS = 10_000;
const WAIT_MS = 20_000;
const POLL_MS = 5;

/** Lets one writer of a key in at a time, across processes. A lock is held for milliseconds: an old one has no owner. */
export async function withKeyLock(directory: string, key: string, work: () => Promise<void>): Promise<void> {
  const path = join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.lock`);
  await mkdir(directory, { recursive: true });
  const deadline = performance.now() + WAIT_MS;
  while (!(await tryLock(path))) {
    if (performance.now() > deadline) {
      throw new WeirError('STORE_CONFLICT', `${key} is locked by another writer`, { retriable: true });
    }
    await sleep(POLL_MS);
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && Date.now() - facts.mtimeMs > STALE_MS) await rm(path, { force: true });
    return false;
  }
}
