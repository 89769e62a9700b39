import { readFileSync } from 'node:fs';

const EVERY_MS = 5_000;
const MIB = 1024;

export interface MemoryLine {
  readonly name: string;
  /** Medians over the second and the last quarter of the run, and the most; MiB. */
  readonly early: number;
  readonly late: number;
  readonly most: number;
}

/** Samples the resident memory of processes by name; a name may have another pid after a restart. */
export function watchMemory(processes: () => Iterable<readonly [name: string, pid: number]>) {
  const samples = new Map<string, number[]>();
  const timer = setInterval(() => {
    for (const [name, pid] of processes()) {
      const mib = residentMib(pid);
      if (mib === undefined) continue;
      const list = samples.get(name) ?? [];
      list.push(mib);
      samples.set(name, list);
    }
  }, EVERY_MS);
  return {
    stop: () => clearInterval(timer),
    lines: (): MemoryLine[] =>
      [...samples].map(([name, list]) => ({
        name,
        early: median(list.slice(Math.floor(list.length / 4), Math.floor(list.length / 2))),
        late: median(list.slice(Math.floor((list.length * 3) / 4))),
        most: Math.round(Math.max(...list)),
      })),
  };
}

function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / MIB;
  } catch {
    return undefined;
  }
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}
