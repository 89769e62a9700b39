import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A process running one of the scripts beside this file, and what it has printed. */
export class Killable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #errors = '';

  constructor(script: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#closed = once(this.#child, 'close');
    // A test that fails half-way leaves no process behind.
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  /** Whole lines printed so far. @throws Error when the process failed by itself. */
  lines(): string[] {
    if (this.#child.exitCode !== null) throw new Error(`exited with ${this.#child.exitCode}: ${this.#errors}`);
    return this.#output.split('\n').slice(0, -1);
  }

  async printed(lines: number): Promise<void> {
    while (this.lines().length < lines) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Kills with SIGKILL and waits until everything it had printed arrived. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
