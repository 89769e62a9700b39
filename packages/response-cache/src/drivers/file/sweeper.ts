import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheLimits } from '../../response-cache.ts';
import { names, TEMPORARY, walkEntries } from './cache-files.ts';

/** How often expired entries are looked for. */
const SWEEP_MS = 60_000;
/** Of the limit, what one process writes before it looks whether all is still below it. */
const SHARE_BEFORE_SWEEP = 1 / 20;
/** A sweep that had to make room makes this much, so that the next write does not start another. */
const KEPT_SHARE = 0.9;
/** A file that has been unfinished for so long has no writer any more. */
const UNFINISHED_MS = 10 * 60_000;

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly expiresAt: number;
}

/**
 * Keeps a cache directory within its limits. Each process sweeps for itself, by what it has written: together they may be
 * over the limit by a twentieth a process, for the time that a sweep takes.
 */
export class Sweeper {
  readonly #directory: string;
  readonly #limits: CacheLimits;
  #bytesWritten = 0;
  #entriesWritten = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(directory: string, limits: CacheLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweepSoon(), SWEEP_MS);
    this.#timer.unref();
    this.#sweepSoon();
  }

  written(bytes: number): void {
    this.#bytesWritten += bytes;
    this.#entriesWritten += 1;
    const { bytesMax, entriesMax } = this.#limits;
    const much = this.#bytesWritten >= bytesMax * SHARE_BEFORE_SWEEP;
    if (much || this.#entriesWritten >= entriesMax * SHARE_BEFORE_SWEEP) this.#sweepSoon();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** One sweep at a time; what fails is tried again by the next one. */
  #sweepSoon(): void {
    if (this.#running !== undefined) return;
    this.#bytesWritten = 0;
    this.#entriesWritten = 0;
    this.#running = this.#sweep().then(
      () => this.#ended(),
      () => this.#ended(),
    );
  }

  #ended(): void {
    this.#running = undefined;
  }

  async #sweep(): Promise<void> {
    const now = Date.now();
    const found: Found[] = [];
    for await (const path of walkEntries(this.#directory)) {
      const facts = await stat(path).catch(() => undefined);
      if (facts === undefined) continue;
      if (facts.mtimeMs <= now) await rm(path, { force: true });
      else found.push({ path, bytes: facts.size, expiresAt: facts.mtimeMs });
    }
    await this.#makeRoom(found);
    for await (const name of names(join(this.#directory, TEMPORARY))) {
      const path = join(this.#directory, TEMPORARY, name);
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined && facts.ctimeMs < now - UNFINISHED_MS) await rm(path, { force: true });
    }
  }

  async #makeRoom(found: Found[]): Promise<void> {
    const { bytesMax, entriesMax } = this.#limits;
    let bytes = found.reduce((sum, entry) => sum + entry.bytes, 0);
    let entries = found.length;
    if (bytes <= bytesMax && entries <= entriesMax) return;
    found.sort((one, other) => one.expiresAt - other.expiresAt);
    for (const entry of found) {
      if (bytes <= bytesMax * KEPT_SHARE && entries <= entriesMax * KEPT_SHARE) break;
      await rm(entry.path, { force: true });
      bytes -= entry.bytes;
      entries -= 1;
    }
  }
}
