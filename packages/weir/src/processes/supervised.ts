import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { backoffMs, sleep, WeirError } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import { type FromChild, isFromChild, type ToChild } from './messages.ts';

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the operating-system process, with an IPC channel. */
  fork(): ChildProcess;
  readonly logger: Logger;
  /** How long a stop may take before SIGKILL, ms. */
  readonly graceMs: number;
  onMessage(message: FromChild, send: (message: ToChild) => void): void;
}

const RESTART = { baseMs: 200, capMs: 10_000 };
/** A process that lived this long was healthy: its next restart is quick again. */
const HEALTHY_MS = 30_000;

/** One process of the supervisor: started, watched, started again when it dies, stopped when asked. */
export class Supervised {
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #exited: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the URLs when the process says it is ready. @throws WeirError when it says why it is not. */
  start(): Promise<Readonly<Record<string, string>>> {
    const { name, logger } = this.#options;
    const startedAt = performance.now();
    const child = this.#options.fork();
    this.#child = child;
    let settled = false;
    const ready = new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
      child.on('message', (message: unknown) => {
        if (!isFromChild(message)) return;
        if (message.kind === 'ready') {
          settled = true;
          resolve(message.urls);
        } else if (message.kind === 'failed') {
          settled = true;
          const { code, message: text, fix } = message;
          reject(new WeirError(code, `${name}: ${text}`, fix === undefined ? {} : { fix }));
        } else this.#options.onMessage(message, (answer) => this.send(answer));
      });
      child.once('exit', (code, signal) => {
        if (!settled) reject(new WeirError('WEIR_ASSERTION', `${name} ended before it was ready (${signal ?? code})`));
      });
    });
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (performance.now() - startedAt > HEALTHY_MS) this.#failures = 0;
        if (!this.#stopping && settled) {
          logger.error({ process: name, code, signal }, 'process died; starting it again');
          void this.#restart();
        }
        resolve();
      });
    });
    return ready;
  }

  send(message: ToChild): void {
    const child = this.#child;
    if (child?.connected === true) child.send(message, () => undefined);
  }

  /** Asks the process to finish, waits, and kills it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.send({ kind: 'stop' });
    const timer = setTimeout(() => {
      this.#options.logger.warn({ process: this.#options.name }, 'did not stop in time; killing it');
      this.#child?.kill('SIGKILL');
    }, this.#options.graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  async #restart(): Promise<void> {
    for (;;) {
      await sleep(backoffMs(this.#failures, RESTART));
      this.#failures += 1;
      if (this.#stopping) return;
      try {
        await this.start();
        this.#options.logger.info({ process: this.#options.name, pid: this.pid }, 'process is back');
        return;
      } catch (error) {
        this.#options.logger.error({ process: this.#options.name, error }, 'process does not start');
      }
    }
  }
}

// Workers accept for themselves: a connection that the supervisor had accepted for a worker which is then killed would
// hang; one that the worker accepted is reset by the kernel, and the client notices.
cluster.schedulingPolicy = cluster.SCHED_NONE;

/** Forks a worker of the shared listening port. */
export function forkClusterWorker(
  file: string,
  environment: Readonly<Record<string, string>>,
  nodeArguments: readonly string[],
): ChildProcess {
  cluster.setupPrimary({ exec: file, args: [], execArgv: [...process.execArgv, ...nodeArguments], silent: false });
  return cluster.fork(environment).process;
}
