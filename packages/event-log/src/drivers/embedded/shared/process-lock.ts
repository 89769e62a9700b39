import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { errorMessage, WeirError } from '@weir/kernel';
import { open, type RootDatabase } from 'lmdb';
import { diskFull } from './file-errors.ts';

const MAP_BYTES = 64 * 1024;
/** `transactionSync` flag of lmdb: begin and end on the caller's stack; nothing is written, so nothing is flushed. */
const ON_THIS_STACK = 2;

interface SharedHandle {
  readonly database: RootDatabase;
  users: number;
}

/**
 * Handles of this process by path. One file must be opened once in a process: LMDB's file lock belongs to the
 * process, and closing a second handle would drop it under the first.
 */
const handles = new Map<string, SharedHandle>();

/**
 * A lock among processes (2 µs without contention) that the kernel releases when its holder is killed: the write lock
 * of an LMDB environment, a robust mutex in shared memory. The environment itself stays empty, on purpose: opening one
 * while another process commits to it sets the shared transaction number back in the lmdb package (3.5.6,
 * `mdb_env_open2`), which silently loses the other's commits. Where no transaction ever writes, that number never
 * changes and opening at any time is safe. What the lock protects is kept in files of our own.
 */
export class ProcessLock {
  readonly #path: string;
  readonly #handle: SharedHandle;
  #open = true;

  /** @throws WeirError `LOG_OPEN_FAILED`, `LOG_DISK_FULL`. */
  constructor(path: string) {
    this.#path = path;
    this.#handle = acquire(path);
  }

  /** Runs `work` while no other process runs any under this lock. Not to be nested, never across an `await`. */
  run<T>(work: () => T): T {
    if (!this.#open) throw new WeirError('LOG_CLOSED', `${this.#path} was closed`);
    const { database } = this.#handle;
    try {
      return database.transactionSync(() => {
        // The package ignores a failure to begin; then there is no transaction, and no lock.
        if (!(database.getWriteTxnId() > 0)) throw new WeirError('LOG_OPEN_FAILED', `${this.#path} cannot be locked`);
        return work();
      }, ON_THIS_STACK);
    } catch (error) {
      throw diskFull(error) ?? error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handle.users -= 1;
    if (this.#handle.users > 0) return;
    handles.delete(this.#path);
    // With nothing asynchronous under way it closes before it returns; the promise only says so.
    void this.#handle.database.close();
  }
}

function acquire(path: string): SharedHandle {
  const known = handles.get(path);
  if (known !== undefined) {
    known.users += 1;
    return known;
  }
  try {
    if (!existsSync(path)) probeSpace(path);
    const database = open({
      path,
      mapSize: MAP_BYTES,
      maxDbs: 1,
      keyEncoding: 'binary',
      encoding: 'binary',
      noSync: true,
      overlappingSync: false,
    });
    const handle = { database, users: 1 };
    handles.set(path, handle);
    return handle;
  } catch (error) {
    throw diskFull(error) ?? new WeirError('LOG_OPEN_FAILED', `${path}: ${errorMessage(error)}`, { cause: error });
  }
}

/** LMDB maps the lock file: without room for it the process would be killed (SIGBUS) instead of told. */
function probeSpace(path: string): void {
  const probe = `${path}.${process.pid}.tmp`;
  writeFileSync(probe, Buffer.alloc(2 * MAP_BYTES));
  rmSync(probe);
}
