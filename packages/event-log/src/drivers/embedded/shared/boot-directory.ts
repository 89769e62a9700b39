import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, WeirError } from '@weir/kernel';
import { bootId } from './boot-id.ts';
import { diskFull } from './file-errors.ts';

/**
 * Where the shared working state under `parent` is during this run of the machine. It is never synced: after a power
 * loss it may be anything, so the next boot gets a new directory and builds its state from what was synced.
 * @throws WeirError `LOG_OPEN_FAILED`, `LOG_DISK_FULL`.
 */
export function openBootDirectory(parent: string): string {
  const directory = join(parent, `state-${bootId()}`);
  try {
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch (error) {
    throw diskFull(error) ?? new WeirError('LOG_OPEN_FAILED', `${directory}: ${errorMessage(error)}`, { cause: error });
  }
}

/** Removes the state of earlier boots, and files that a killed process did not finish. Nobody else may be at work. */
export function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const outdated = /^state-\w+$/.test(name) && name !== `state-${bootId()}`;
    if (outdated || name.endsWith('.tmp')) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
