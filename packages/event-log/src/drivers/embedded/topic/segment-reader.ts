import { type FileHandle, open } from 'node:fs/promises';
import { errorCode, WeirError } from '@weir/kernel';
import type { PartitionBatch, PartitionBounds, PartitionSource } from '../../../consumer/partition-source.ts';
import type { StoredRecord } from '../../../event-log.ts';
import { decodeFrame, frameBytes, frameOffset } from '../../../record-codec.ts';
import type { WakePoller } from '../wake-poller.ts';
import type { ReadableSegment, TopicStore } from './topic-store.ts';

const CHUNK_BYTES = 512 * 1024;
const EMPTY = Buffer.alloc(0);

/** Reads a partition front to back; holds at most one chunk (or one record larger than that) it was not asked for. */
export class SegmentReader implements PartitionSource {
  readonly #store: TopicStore;
  readonly #partition: number;
  readonly #wake: WakePoller;
  #segment: ReadableSegment | undefined;
  #file: FileHandle | undefined;
  /** Where in the file the chunk ends. */
  #filePosition = 0;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #next = -1;
  #closed = false;
  #busy = false;

  constructor(store: TopicStore, partition: number, wake: WakePoller) {
    this.#store = store;
    this.#partition = partition;
    this.#wake = wake;
  }

  async read(
    offset: number,
    limits: { readonly maxRecords: number; readonly maxBytes: number },
  ): Promise<PartitionBatch> {
    this.#busy = true;
    try {
      if (offset !== this.#next) await this.#moveTo(offset);
      return await this.#readOn(limits);
    } catch (error) {
      // Begin with a clean position after a failure.
      this.#next = -1;
      throw error;
    } finally {
      this.#busy = false;
      if (this.#closed) await this.#closeFile();
    }
  }

  bounds(): PartitionBounds {
    return this.#store.bounds(this.#partition);
  }

  waitForData(offset: number, waitMs: number, signal: AbortSignal): Promise<void> {
    return this.#wake.wait(this.#store, this.#partition, offset, waitMs, signal);
  }

  close(): void {
    this.#closed = true;
    this.#chunk = EMPTY;
    // A failed close of a file that was only read loses nothing.
    if (!this.#busy) void this.#closeFile().catch(() => {});
  }

  async #readOn(limits: { readonly maxRecords: number; readonly maxBytes: number }): Promise<PartitionBatch> {
    const records: StoredRecord[] = [];
    const from = { topic: this.#store.name, partition: this.#partition };
    let bytes = 0;
    while (records.length < limits.maxRecords && !this.#closed) {
      const size = this.#frameReady();
      if (size === undefined) {
        if (await this.#refill()) continue;
        break;
      }
      if (frameOffset(this.#chunk, this.#at) >= this.#next) {
        if (records.length > 0 && bytes + size > limits.maxBytes) break;
        const record = decodeFrame(this.#chunk, this.#at, from);
        records.push(record);
        bytes += size;
        this.#next = record.offset + 1;
      }
      this.#at += size;
    }
    return { records, nextOffset: this.#next };
  }

  /** Size of the frame at the position when all of it is in the chunk. */
  #frameReady(): number | undefined {
    const size = frameBytes(this.#chunk, this.#at, this.#chunk.length);
    return size !== undefined && this.#at + size <= this.#chunk.length ? size : undefined;
  }

  /** Loads the next chunk, from the next segment if need be; false at the end of the partition. */
  async #refill(): Promise<boolean> {
    const current = this.#segment === undefined ? undefined : this.#store.refresh(this.#partition, this.#segment);
    if (current === undefined) {
      await this.#moveTo(this.#next);
      return (this.#segment?.bytes ?? 0) > this.#filePosition;
    }
    this.#segment = current;
    const available = current.bytes - this.#filePosition;
    if (available > 0) {
      await this.#loadChunk(current, available);
      return true;
    }
    // Idle readers hold no memory.
    if (this.#at === this.#chunk.length) this.#emptyChunk();
    if (!current.sealed) return false;
    await this.#moveTo(Math.max(this.#next, current.end));
    return true;
  }

  async #loadChunk(segment: ReadableSegment, available: number): Promise<void> {
    const rest = this.#chunk.subarray(this.#at);
    const missing = (frameBytes(rest, 0, rest.length) ?? 0) - rest.length;
    const length = Math.min(available, Math.max(CHUNK_BYTES, missing));
    const file = await this.#open(segment);
    if (file === undefined) return;
    // Never reused: the records handed out are views on it.
    const chunk = Buffer.allocUnsafeSlow(rest.length + length);
    rest.copy(chunk);
    for (let at = rest.length; at < chunk.length; ) {
      const { bytesRead } = await file.read(chunk, at, chunk.length - at, this.#filePosition);
      if (bytesRead === 0) {
        const path = this.#store.files.path(this.#partition, segment);
        throw new WeirError('LOG_CORRUPT', `${path} ends at ${this.#filePosition} of ${segment.bytes} bytes`);
      }
      at += bytesRead;
      this.#filePosition += bytesRead;
    }
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Goes to the segment with `offset`; records before it are skipped while reading. */
  async #moveTo(offset: number): Promise<void> {
    await this.#closeFile();
    const { endOffset } = this.#store.bounds(this.#partition);
    const segment = this.#store.segmentAt(this.#partition, offset);
    this.#segment = segment;
    // At the end there is nothing to skip. Appends in between only make this the start of what is unread.
    this.#filePosition = offset === endOffset && !segment.sealed ? this.#endOf(segment, offset) : 0;
    this.#emptyChunk();
    this.#next = offset;
  }

  #emptyChunk(): void {
    this.#chunk = EMPTY;
    this.#at = 0;
  }

  /** The size of the active segment, unless something was appended since the end was looked up. */
  #endOf(segment: ReadableSegment, offset: number): number {
    return this.#store.bounds(this.#partition).endOffset === offset ? segment.bytes : 0;
  }

  /** Undefined when retention or compaction took the file away just now; the caller looks the position up again. */
  async #open(segment: ReadableSegment): Promise<FileHandle | undefined> {
    const path = this.#store.files.path(this.#partition, segment);
    try {
      this.#file ??= await open(path, 'r');
      return this.#file;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      if (this.#store.refresh(this.#partition, segment) === undefined) return undefined;
      throw new WeirError('LOG_CORRUPT', `${path} is missing`, { cause: error });
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
