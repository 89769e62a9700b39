import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running Weir leaves for other commands to find it by. */
export interface RunFile {
  readonly pid: number;
  readonly startedAt: string;
  readonly version: string;
  readonly ingressUrl: string;
  readonly sqlUrl: string | null;
  readonly consoleUrl: string | null;
  /** Address of the replay provider when started with --demo. */
  readonly demoProviderUrl: string | null;
}

const fileOf = (directory: string): string => join(directory, 'weir.json');

export function writeRunFile(directory: string, content: RunFile): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(directory), `${JSON.stringify(content, null, 2)}\n`);
}

export function removeRunFile(directory: string): void {
  rmSync(fileOf(directory), { force: true });
}

/** The run file of a Weir that is alive, or undefined. */
export function readRunFile(directory: string): RunFile | undefined {
  try {
    const content = JSON.parse(readFileSync(fileOf(directory), 'utf8')) as RunFile;
    process.kill(content.pid, 0);
    return content;
  } catch {
    return undefined;
  }
}
