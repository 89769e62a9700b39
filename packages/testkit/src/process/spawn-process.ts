import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { WeirError } from '@weir/kernel';

export interface ProcessOptions {
  /** Added to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface SpawnedProcess {
  readonly child: ChildProcess;
  /** Standard output and error so far, interleaved; the newest 256 KiB. */
  output(): string;
  /**
   * Resolves with the first match of `pattern` in the output, past or future.
   * @throws WeirError `TESTKIT_TIMEOUT`, or `TESTKIT_PROCESS_ENDED` when the process ends first.
   */
  ready(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves when the process ended, however it did. */
  ended(): Promise<void>;
  /** SIGKILL, then waits until the process is gone. */
  kill9(): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs` (default 5,000); resolves with the exit code, null after a signal. */
  stop(graceMs?: number): Promise<number | null>;
}

const MAX_OUTPUT = 256 * 1024;

/** Starts a program. A child that a failed test leaves behind dies with this process. */
export function spawnProcess(command: string, args: readonly string[], options: ProcessOptions = {}): SpawnedProcess {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let text = '';
  const collect = (chunk: string): void => {
    text = (text + chunk).slice(-MAX_OUTPUT);
    child.emit('weir-output');
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const killWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (gone() || child.pid === undefined) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    child,
    output: () => text,
    ended: async () => {
      if (!gone()) await once(child, 'exit');
    },
    ready: (pattern, timeoutMs = 15_000) => awaitLine(child, () => text, gone, pattern, timeoutMs),
    kill9: () => end('SIGKILL'),
    stop: async (graceMs = 5_000) => {
      const timer = setTimeout(killWithParent, graceMs);
      await end('SIGTERM');
      clearTimeout(timer);
      return child.exitCode;
    },
  };
}

function awaitLine(
  child: ChildProcess,
  output: () => string,
  gone: () => boolean,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off('weir-output', look);
      child.off('close', ended);
      child.off('error', reject);
      act();
    };
    const look = (): void => {
      const match = new RegExp(pattern.source, pattern.flags.replace('g', '')).exec(output());
      if (match !== null) settle(() => resolve(match));
    };
    const fail = (code: string, message: string): void =>
      settle(() => reject(new WeirError(code, message, { details: { output: output().slice(-4_000) } })));
    const ended = (): void => {
      look();
      fail('TESTKIT_PROCESS_ENDED', `the process ended before it printed ${pattern}`);
    };
    const timer = setTimeout(() => fail('TESTKIT_TIMEOUT', `${pattern} did not come in ${timeoutMs} ms`), timeoutMs);
    child.on('weir-output', look);
    child.once('close', ended);
    child.once('error', reject);
    look();
    if (gone() && child.stdout?.closed !== false) ended();
  });
}
