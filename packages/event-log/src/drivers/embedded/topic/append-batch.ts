import type { LogRecord, Position } from '../../../event-log.ts';
import { encodeFrame, frameBytesAtMost, sealFrame } from '../../../record-codec.ts';
import { partitionForRecord } from '../../../topic-rules.ts';

const INITIAL_BYTES = 64 * 1024;
/** A larger buffer is not kept after use. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** The records of one partition in a batch, encoded one after the other. */
export interface BatchPart {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly maxTimestampMs: number;
  /** Where each frame begins, and which record of the batch it is. */
  readonly frames: readonly { readonly at: number; readonly index: number }[];
}

/** Encodes batches, outside of the write lock, into a buffer that is used again. */
export class BatchEncoder {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);

  /** Valid until the next `encode`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** @throws WeirError `LOG_INVALID_PARTITION`. */
  encode(records: readonly LogRecord[], partitions: number, spread: number, now: number): BatchPart[] {
    this.#reserve(records);
    const [only] = records;
    if (only !== undefined && records.length === 1) {
      return [this.#encodePart(records, partitionForRecord(only, partitions, spread), FIRST, 0, now)];
    }
    const byPartition = new Map<number, number[]>();
    records.forEach((record, index) => {
      const partition = partitionForRecord(record, partitions, spread);
      const indexes = byPartition.get(partition);
      if (indexes === undefined) byPartition.set(partition, [index]);
      else indexes.push(index);
    });
    let start = 0;
    return Array.from(byPartition, ([partition, indexes]) => {
      const part = this.#encodePart(records, partition, indexes, start, now);
      start = part.end;
      return part;
    });
  }

  /** Gives the frames their offsets from `next` on, and returns the offset after the last. */
  seal(part: BatchPart, next: number, positions: Position[]): number {
    let offset = next;
    for (const { at, index } of part.frames) {
      sealFrame(this.#buffer, at, offset);
      positions[index] = { partition: part.partition, offset };
      offset += 1;
    }
    return offset;
  }

  #encodePart(
    records: readonly LogRecord[],
    partition: number,
    indexes: readonly number[],
    start: number,
    now: number,
  ): BatchPart {
    let position = start;
    let maxTimestampMs = 0;
    const frames: { at: number; index: number }[] = [];
    for (const index of indexes) {
      const record = records[index] ?? EMPTY;
      const timestampMs = record.timestampMs ?? now;
      maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
      frames.push({ at: position, index });
      position = encodeFrame(this.#buffer, position, record, timestampMs);
    }
    return { partition, start, end: position, maxTimestampMs, frames };
  }

  #reserve(records: readonly LogRecord[]): void {
    let bytes = 0;
    for (const record of records) bytes += frameBytesAtMost(record);
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes);
    else if (this.#buffer.length > KEPT_BYTES && bytes <= KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(KEPT_BYTES);
  }
}

const FIRST = [0] as const;
const EMPTY: LogRecord = { key: null, value: new Uint8Array(0) };
