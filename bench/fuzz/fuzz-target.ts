import type fc from 'fast-check';

/** A parser of bytes from outside, and what must be true of it whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  readonly property: fc.IRawProperty<unknown>;
}

export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** A parse that takes longer than this, of the process's own CPU time, is a counterexample. */
const CPU_MS_MAX = 1_000;

/** Runs a parse and counts its CPU, which a busy machine does not change. */
export function timed<Result>(parse: () => Result): Result {
  const before = process.cpuUsage();
  const result = parse();
  const { user, system } = process.cpuUsage(before);
  must(user + system < CPU_MS_MAX * 1_000, `${Math.round((user + system) / 1_000)} ms of CPU for one parse`);
  return result;
}
