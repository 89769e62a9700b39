import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^(\d{16})(?:-(\d+))?\.seg$/;

export interface SegmentFile {
  readonly base: number;
  readonly revision: number;
}

/** The files of one topic: `<partition>/<base offset>[-<revision>].seg`. */
export class SegmentFiles {
  readonly directory: string;
  readonly #writing = new Map<number, { readonly base: number; readonly file: number }>();

  constructor(directory: string) {
    this.directory = directory;
  }

  partitionDirectory(partition: number): string {
    return join(this.directory, String(partition));
  }

  path(partition: number, segment: SegmentFile): string {
    const revision = segment.revision === 0 ? '' : `-${segment.revision}`;
    return join(this.partitionDirectory(partition), `${String(segment.base).padStart(16, '0')}${revision}.seg`);
  }

  /** Writes into the active segment; the caller holds the topic's write lock. @throws ENOSPC and the like. */
  write(partition: number, base: number, bytes: Buffer, start: number, end: number, position: number): void {
    const file = this.#fileOf(partition, base);
    for (let at = start; at < end; ) at += writeSync(file, bytes, at, end - at, position + at - start);
  }

  list(partition: number): SegmentFile[] {
    const directory = this.partitionDirectory(partition);
    mkdirSync(directory, { recursive: true });
    return readdirSync(directory)
      .flatMap((name) => {
        const match = NAME.exec(name);
        return match === null ? [] : [{ base: Number(match[1]), revision: Number(match[2] ?? 0) }];
      })
      .sort((left, right) => left.base - right.base || left.revision - right.revision);
  }

  remove(partition: number, segment: SegmentFile): void {
    rmSync(this.path(partition, segment), { force: true });
  }

  close(): void {
    for (const { file } of this.#writing.values()) closeSync(file);
    this.#writing.clear();
  }

  #fileOf(partition: number, base: number): number {
    const open = this.#writing.get(partition);
    if (open?.base === base) return open.file;
    if (open !== undefined) {
      this.#writing.delete(partition);
      closeSync(open.file);
    }
    mkdirSync(this.partitionDirectory(partition), { recursive: true });
    const file = openSync(this.path(partition, { base, revision: 0 }), constants.O_RDWR | constants.O_CREAT, 0o644);
    this.#writing.set(partition, { base, file });
    return file;
  }
}
