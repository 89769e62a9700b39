import { type ProcessOptions, type SpawnedProcess, spawnProcess } from './spawn-process.ts';

export interface SpawnOptions extends ProcessOptions {
  /** Arguments of Node itself, before the file. */
  readonly nodeArguments?: readonly string[];
}

export type SpawnedNode = SpawnedProcess;

/** Starts `node file …args` with the same Node binary. */
export function spawnNode(file: string, args: readonly string[] = [], options: SpawnOptions = {}): SpawnedNode {
  return spawnProcess(process.execPath, [...(options.nodeArguments ?? []), file, ...args], options);
}
