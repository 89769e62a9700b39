import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, type Started } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';

const CHUNK = Buffer.alloc(256 * 1024, 1);

export interface SmallDisk {
  readonly path: string;
  /** Takes all space but this much, with one file. */
  fill(leaveBytes: number): void;
  /** Deletes that file. */
  free(): void;
  freeBytes(): number;
}

/** A disk of its own in memory, or why there is none: mounting needs root on Linux. */
export async function mountSmallDisk(mebibytes: number): Promise<Started<SmallDisk> | string> {
  const directory = await tempDirectory();
  const path = directory.value;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'weir-test', path], { stdio: 'pipe' });
  } catch (error) {
    await directory.stop();
    return `a file system cannot be mounted here (${errorCode(error) || 'mount failed'})`;
  }
  const filler = join(path, 'filler');
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };
  return {
    value: {
      path,
      freeBytes,
      free: () => rmSync(filler, { force: true }),
      fill(leaveBytes) {
        const file = openSync(filler, 'w');
        let size = 0;
        try {
          for (;;) size += writeSync(file, CHUNK);
        } catch (error) {
          if (errorCode(error) !== 'ENOSPC') throw error;
        }
        ftruncateSync(file, Math.max(0, size - leaveBytes));
        closeSync(file);
      },
    },
    async stop() {
      execFileSync('umount', ['-l', path], { stdio: 'pipe' });
      await directory.stop();
    },
  };
}
