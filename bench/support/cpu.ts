import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Clock ticks of `/proc/<pid>/stat`, 100 a second on every Linux that Node runs on. */
const TICK_US = 10_000;

/** Whether processes can be bound to cores here: Linux, with two cores and `taskset`. */
export const canPin =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

/** Binds all threads of a process, and what it starts afterwards, to one core; does nothing where that cannot be done. */
export function pin(pid: number | undefined, core: number): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}

/** Processor time that a process has used, all threads, in µs; NaN where `/proc` does not tell. */
export function cpuUs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return Number.NaN;
  }
}

/** Resident memory of a process; NaN where `/proc` does not tell. */
export function residentMiB(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
