import { closeSync, constants, openSync, readlinkSync, readSync, writeSync } from 'node:fs';

const BYTES = 128;
const FIELD = /^(\S*) (\d+) (\S+)/;

/** A process that keeps the counters in its memory. */
export interface Owner {
  /** Where its pid means something; '' where the system does not tell. */
  readonly namespace: string;
  readonly pid: number;
  /** Name of the socket on which it is asked to give them back. */
  readonly socket: string;
}

/** Names the owner for all who share the state. Read and written under the lock. */
export class OwnerFile {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(BYTES);

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  read(): Owner | undefined {
    const length = readSync(this.#file, this.#buffer, 0, BYTES, 0);
    if (length === 0 || this.#buffer[0] === 0) return undefined;
    const [, namespace = '', pid = '', socket = ''] = FIELD.exec(this.#buffer.toString('latin1', 0, length)) ?? [];
    return socket === '' ? undefined : { namespace, pid: Number(pid), socket };
  }

  write(owner: Owner | undefined): void {
    const line = Buffer.alloc(BYTES);
    if (owner !== undefined) line.write(`${owner.namespace} ${owner.pid} ${owner.socket} `, 'latin1');
    writeSync(this.#file, line, 0, BYTES, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The pid namespace of this process; '' where there is no such thing. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
