import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Names the present run of the operating system: the page cache, and with it everything written but not yet synced,
 * lives exactly as long. The working state of the log is kept under this name and rebuilt under the next one.
 * Linux: random/boot_id of the kernel (the host's, also in a container). macOS: kern.bootsessionuuid.
 * Elsewhere one fixed name, so that there a power loss needs the state files to be removed by hand.
 */
export function bootId(): string {
  try {
    if (process.platform === 'linux') return shorten(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    if (process.platform === 'darwin') {
      return shorten(execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }));
    }
  } catch {
    // A sandbox may hide it; the fixed name is right until the machine restarts.
  }
  return 'any';
}

function shorten(uuid: string): string {
  return uuid
    .replaceAll(/[^0-9a-f]/gi, '')
    .toLowerCase()
    .slice(0, 16);
}
