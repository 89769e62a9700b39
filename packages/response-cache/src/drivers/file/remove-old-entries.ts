import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders of earlier versions, which kept each entry in a file of its own. */
const OLD = /^(?:[0-9a-f]{32}|\.unfinished)$/;

/** Removes what an earlier version kept in the directory; nothing reads it any more. */
export async function removeOldEntries(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (OLD.test(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
