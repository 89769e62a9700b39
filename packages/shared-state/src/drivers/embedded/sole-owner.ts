import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { ProcessLock } from '@weir/event-log/drivers/embedded';
import { errorCode, WeirError } from '@weir/kernel';
import { type Owner, OwnerFile, pidNamespace } from './owner-file.ts';

/** How long an owner may take to give the counters back. */
const GIVE_MS = 5_000;

export interface SoleOwnerOptions {
  readonly directory: string;
  readonly lock: ProcessLock;
  /** Writes what is in memory only; called under the lock. */
  readonly flush: () => void;
}

/**
 * Lets one process keep the counters in its memory for as long as no other wants them: it tries for that once, at its
 * start. Another that wants to count finds it named in a file, under the lock, and asks it on its socket to write all back;
 * from then on both count in the file. That a killed owner is gone is known from its pid, or from its socket.
 */
export class SoleOwner {
  readonly #options: SoleOwnerOptions;
  readonly #file: OwnerFile;
  readonly #self: Owner;
  readonly #server: Server;
  #owning = false;
  #closed = false;
  #asking: Promise<void> | undefined;

  constructor(options: SoleOwnerOptions) {
    this.#options = options;
    this.#file = new OwnerFile(join(options.directory, 'owner'));
    const socket = `${process.pid}-${randomBytes(4).toString('hex')}.sock`;
    this.#self = { namespace: pidNamespace(), pid: process.pid, socket };
    this.#server = createServer((asker) => {
      asker.on('error', () => undefined);
      try {
        this.give();
      } catch {
        // Not written: the asker finds it still owned, and asks again.
      }
      asker.end();
    });
    // A path too long for a socket, or a file system without them: then all count in the file.
    this.#server.on('error', () => undefined);
    this.#server.listen(join(options.directory, socket), () => this.#claim());
    this.#server.unref();
  }

  /** True: nobody else counts, and what is counted need not be in the file at once. */
  get owning(): boolean {
    return this.#owning;
  }

  /** Another process that keeps the counters in its memory; called under the lock. */
  get other(): Owner | undefined {
    const owner = this.#file.read();
    if (owner === undefined) return undefined;
    if (owner.namespace !== this.#self.namespace || isAlive(owner.pid)) return owner;
    this.#forget(owner);
    return undefined;
  }

  /** Waits until an owner has given the counters back, or is known to be gone. @throws WeirError `STATE_UNREACHABLE`. */
  ask(owner: Owner): Promise<void> {
    this.#asking ??= this.#ask(owner).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** From now on this process counts in the file as well. */
  give(): void {
    if (!this.#owning) return;
    this.#options.lock.run(() => {
      this.#options.flush();
      this.#file.write(undefined);
      this.#owning = false;
    });
    this.#server.close();
  }

  close(): void {
    this.#closed = true;
    this.give();
    this.#server.close();
    this.#file.close();
  }

  #claim(): void {
    if (this.#closed) return;
    this.#options.lock.run(() => {
      if (this.other !== undefined) return;
      this.#file.write(this.#self);
      this.#owning = true;
    });
    if (!this.#owning) this.#server.close();
  }

  #ask(owner: Owner): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(join(this.#options.directory, owner.socket));
      const timer = setTimeout(() => {
        socket.destroy();
        reject(
          new WeirError('STATE_UNREACHABLE', 'a process holds the counters and does not answer', { retriable: true }),
        );
      }, GIVE_MS);
      let refused = false;
      socket.on('error', (error) => {
        refused = ['ECONNREFUSED', 'ENOENT'].includes(errorCode(error));
      });
      socket.on('close', () => {
        clearTimeout(timer);
        if (refused && !this.#closed) this.#options.lock.run(() => this.#forget(owner));
        resolve();
      });
      socket.resume();
    });
  }

  /** Of an owner that is gone; called under the lock. */
  #forget(owner: Owner): void {
    if (this.#file.read()?.socket === owner.socket) this.#file.write(undefined);
    rmSync(join(this.#options.directory, owner.socket), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}
