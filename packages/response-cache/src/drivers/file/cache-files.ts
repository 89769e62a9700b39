import type { Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@weir/kernel';

/** Where files are while they are written. */
export const TEMPORARY = '.unfinished';

/** The paths of all entries, or of those of one gateway or account; a folder that goes meanwhile is skipped. */
export async function* walkEntries(
  directory: string,
  only: { readonly gateway?: string | undefined; readonly account?: string | undefined } = {},
): AsyncGenerator<string> {
  for await (const gateway of names(directory)) {
    if (gateway === TEMPORARY || (only.gateway !== undefined && gateway !== only.gateway)) continue;
    for await (const account of names(join(directory, gateway))) {
      if (only.account !== undefined && account !== only.account) continue;
      const folder = join(directory, gateway, account);
      for await (const entry of names(folder)) yield join(folder, entry);
    }
  }
}

/** What a directory holds; nothing when it is not there. */
export async function* names(directory: string): AsyncGenerator<string> {
  let opened: Dir;
  try {
    opened = await opendir(directory, { bufferSize: 256 });
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return;
    throw error;
  }
  for await (const { name } of opened) yield name;
}
