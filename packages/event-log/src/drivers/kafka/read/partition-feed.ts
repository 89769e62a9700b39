import { type Clock, sleep, WeirError } from '@weir/kernel';
import type { PartitionBatch, PartitionBounds, PartitionSource } from '../../../consumer/partition-source.ts';
import type { StoredRecord } from '../../../event-log.ts';
import type { FetchedPartition } from '../client/fetch-response.ts';

export interface PartitionFeedOptions {
  readonly topic: string;
  readonly partition: number;
  /** Fetching goes on while less than this is buffered. */
  readonly lowWaterBytes: number;
  readonly clock: Clock;
  readonly bounds: () => Promise<PartitionBounds>;
  /** Something changed: it may be hungry now. */
  readonly onHungry: () => void;
  readonly onClose: (feed: PartitionFeed) => void;
}

/** A reader that reads in a loop waits again within this time. */
const WAIT_GAP_MS = 1_000;

/**
 * What was fetched of one partition and not yet read. It is hungry, and only then fetched for, while a reader waits or
 * has just taken the last but a few; so at most one fetch is ahead of the reader (L5).
 */
export class PartitionFeed implements PartitionSource {
  readonly topic: string;
  readonly partition: number;
  readonly #options: PartitionFeedOptions;
  #buffer: readonly StoredRecord[] = [];
  #head = 0;
  #bufferedBytes = 0;
  /** Where the reader is, and where the next fetch begins. */
  #readOffset = 0;
  #fetchOffset = 0;
  #waiting = 0;
  #readAhead = false;
  #failure: unknown;
  #wake = new AbortController();
  /** When a fetch last brought something, or said that there is nothing. */
  #servedAt: number;
  #waitEndedAt: number;

  constructor(options: PartitionFeedOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.partition = options.partition;
    this.#servedAt = options.clock.monotonic();
    this.#waitEndedAt = this.#servedAt;
  }

  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  get hungry(): boolean {
    const wanted = this.#waiting > 0 || this.#readAhead;
    return wanted && this.#failure === undefined && this.#bufferedBytes < this.#options.lowWaterBytes;
  }

  /** For how long a reader waits although records are there, or nothing is heard of the log, ms. */
  stalledMs(): number {
    return this.#waiting === 0 ? 0 : this.#options.clock.monotonic() - this.#servedAt;
  }

  async read(
    offset: number,
    limits: { readonly maxRecords: number; readonly maxBytes: number },
  ): Promise<PartitionBatch> {
    this.#throwFailure();
    if (offset !== this.#readOffset) this.reset(offset);
    const first = this.#head;
    let bytes = 0;
    while (this.#head < this.#buffer.length && this.#head - first < limits.maxRecords) {
      const record = this.#buffer[this.#head];
      if (record === undefined) break;
      const size = sizeOf(record);
      if (bytes > 0 && bytes + size > limits.maxBytes) break;
      bytes += size;
      this.#head += 1;
    }
    this.#bufferedBytes -= bytes;
    const records = this.#buffer.slice(first, this.#head);
    this.#readOffset = this.#buffer[this.#head]?.offset ?? this.#fetchOffset;
    if (this.#head === this.#buffer.length) this.#drop();
    this.#readAhead = true;
    if (this.hungry) this.#options.onHungry();
    return { records, nextOffset: this.#readOffset };
  }

  bounds(): Promise<PartitionBounds> {
    return this.#options.bounds();
  }

  async waitForData(offset: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (offset !== this.#readOffset) this.reset(offset);
    if (this.#head < this.#buffer.length || this.#failure !== undefined) return;
    const { clock, onHungry } = this.#options;
    // A reader that was busy for a while starts to wait anew.
    if (this.#waiting === 0 && clock.monotonic() - this.#waitEndedAt > WAIT_GAP_MS) this.#servedAt = clock.monotonic();
    this.#waiting += 1;
    onHungry();
    await sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]));
    this.#waiting -= 1;
    this.#waitEndedAt = clock.monotonic();
  }

  /** Takes what a fetch that began at `offset` brought. */
  deliver(offset: number, fetched: FetchedPartition): void {
    // The reader has moved elsewhere since.
    if (offset !== this.#fetchOffset) return;
    this.#readAhead = false;
    const next = fetched.nextOffset ?? offset;
    // The log has no more, or this brought some: nobody waits in vain.
    if (next > offset || fetched.endOffset <= offset) this.#servedAt = this.#options.clock.monotonic();
    if (next === offset) return;
    const records = fetched.records.filter((record) => record.offset >= offset);
    this.#buffer = this.#head === this.#buffer.length ? records : [...this.#buffer.slice(this.#head), ...records];
    this.#head = 0;
    this.#fetchOffset = next;
    for (const record of records) this.#bufferedBytes += sizeOf(record);
    this.#rouse();
  }

  /** Makes the next `read` throw. */
  fail(error: unknown): void {
    this.#failure = error ?? new WeirError('LOG_UNAVAILABLE', 'fetching failed', { retriable: true });
    this.#readAhead = false;
    this.#rouse();
  }

  /** Fetches on at a later offset; the reader gets there when it has read what is buffered. */
  skipTo(offset: number): void {
    this.#fetchOffset = offset;
    this.#rouse();
  }

  /** Goes on at another offset, with nothing buffered. */
  reset(offset: number): void {
    this.#drop();
    this.#readOffset = offset;
    this.#fetchOffset = offset;
  }

  close(): void {
    this.#options.onClose(this);
    this.#drop();
    this.#rouse();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #drop(): void {
    this.#buffer = [];
    this.#head = 0;
    this.#bufferedBytes = 0;
  }

  #rouse(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}

/** Close enough to what it takes in memory: keys and headers are short. */
function sizeOf({ key, value }: StoredRecord): number {
  return value.byteLength + (key?.length ?? 0);
}
