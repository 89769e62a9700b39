import { join } from 'node:path';
import { spawnNode } from '@weir/testkit';
import { pin } from '../support/cpu.ts';

/** Cores: what is measured has one to itself; load, provider and the script share the other. */
export const CORE = { load: 0, servers: 1 } as const;

/** What requests are sent to. */
export interface Target {
  readonly name: string;
  /** Of chat completions. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The process that answers. */
  readonly pid: number | undefined;
  stop(): Promise<unknown>;
}

export interface TargetOptions {
  readonly name: string;
  readonly file: string;
  readonly parameters?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly core?: number;
}

/** Starts a server of this folder that prints `ready <port>`. */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const spawned = spawnNode(join(import.meta.dirname, options.file), options.parameters ?? []);
  const [, port] = await spawned.ready(/ready (\d+)/, 60_000);
  pin(spawned.child.pid, options.core ?? CORE.servers);
  const url = `http://127.0.0.1:${port}/v1/chat/completions`;
  const { pid } = spawned.child;
  return { name: options.name, url, headers: options.headers ?? {}, pid, stop: () => spawned.stop() };
}
