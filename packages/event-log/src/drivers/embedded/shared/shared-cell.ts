import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { WeirError } from '@weir/kernel';

/** A slot: u32 checksum of the rest | u32 payload bytes | f64 sequence | payload; little endian. */
const HEADER_BYTES = 16;
const INITIAL_BYTES = 4096;
/** Both slots can be caught half-written only if the writer goes round twice during one read. */
const READ_ATTEMPTS = 1_000;

/**
 * One value in shared files, replaced as a whole: readers never wait, and see the newest complete value. Two files take
 * turns; a write that is cut short by `kill -9` leaves a bad checksum in one and the previous value in the other.
 * What was written survives the process (the kernel holds it), not a power loss: it is kept per boot.
 * Writers hold a `ProcessLock`.
 */
export class SharedCell {
  readonly #path: string;
  readonly #files: readonly [number, number];
  #buffers: [Buffer, Buffer] = [Buffer.alloc(INITIAL_BYTES), Buffer.alloc(INITIAL_BYTES)];
  #newest: 0 | 1 = 1;
  #sequence = 0;

  constructor(path: string) {
    this.#path = path;
    this.#files = [openSlot(`${path}.0`), openSlot(`${path}.1`)];
  }

  /** The sequence of the value last read or written; it rises with every write. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The newest value, valid until the next call; undefined before the first write. */
  read(): Buffer | undefined {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const lengths = [this.#load(0), this.#load(1)] as const;
      if (lengths[0] === 0 && lengths[1] === 0) return undefined;
      const later = sequenceOf(this.#buffers[0], lengths[0]) > sequenceOf(this.#buffers[1], lengths[1]) ? 0 : 1;
      for (const slot of [later, other(later)] as const) {
        const payload = payloadOf(this.#buffers[slot], lengths[slot]);
        if (payload === undefined) continue;
        this.#newest = slot;
        this.#sequence = sequenceOf(this.#buffers[slot], lengths[slot]);
        return payload;
      }
    }
    // A first write that was cut short: there never was a value.
    if (this.#load(0) === 0 || this.#load(1) === 0) return undefined;
    throw new WeirError('LOG_CORRUPT', `${this.#path}.0 and .1 are both damaged`);
  }

  /** Replaces the value. The caller holds the lock and has called `read` under it. */
  write(payload: Uint8Array): void {
    const slot = other(this.#newest);
    this.#reserve(slot, HEADER_BYTES + payload.byteLength);
    const buffer = this.#buffers[slot];
    buffer.writeUInt32LE(payload.byteLength, 4);
    buffer.writeDoubleLE(this.#sequence + 1, 8);
    buffer.set(payload, HEADER_BYTES);
    const end = HEADER_BYTES + payload.byteLength;
    buffer.writeUInt32LE(crc32(buffer.subarray(4, end)), 0);
    for (let at = 0; at < end; ) at += writeSync(this.#files[slot], buffer, at, end - at, at);
    this.#newest = slot;
    this.#sequence += 1;
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  /** Reads a slot into its buffer, all of it; returns how much there is. */
  #load(slot: 0 | 1): number {
    for (;;) {
      const buffer = this.#buffers[slot];
      const length = readSync(this.#files[slot], buffer, 0, buffer.length, 0);
      const needed = length < HEADER_BYTES ? 0 : HEADER_BYTES + buffer.readUInt32LE(4);
      if (needed <= buffer.length || length < buffer.length) return length;
      this.#reserve(slot, needed);
    }
  }

  #reserve(slot: 0 | 1, bytes: number): void {
    if (this.#buffers[slot].length < bytes) this.#buffers[slot] = Buffer.alloc(bytes * 2);
  }
}

function other(slot: 0 | 1): 0 | 1 {
  return slot === 0 ? 1 : 0;
}

function openSlot(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

function sequenceOf(slot: Buffer, length: number): number {
  return length < HEADER_BYTES ? 0 : slot.readDoubleLE(8);
}

function payloadOf(slot: Buffer, length: number): Buffer | undefined {
  if (length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + slot.readUInt32LE(4);
  if (end > length || crc32(slot.subarray(4, end)) !== slot.readUInt32LE(0)) return undefined;
  return slot.subarray(HEADER_BYTES, end);
}
