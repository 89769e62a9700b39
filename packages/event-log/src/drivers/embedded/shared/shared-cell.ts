import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { WeirError } from '@weir/kernel';

/** A slot: u32 checksum of the rest | u32 payload bytes | f64 sequence | payload; little endian. */
const HEADER_BYTES = 16;
/** Slots grow in steps of at least this, ahead of need: a full disk must not stop the commits that make room. */
const STEP_BYTES = 4096;
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
  #buffers: [Buffer, Buffer] = [Buffer.alloc(STEP_BYTES), Buffer.alloc(STEP_BYTES)];
  /** How much of a slot to read: what its newest value took. */
  #readBytes = STEP_BYTES;
  /** Both files have at least this many bytes. */
  #allocated = 0;
  #newest: 0 | 1 = 1;
  #sequence = 0;
  /** The newest value, in the buffer of its slot. */
  #payload: Buffer | undefined;
  /** The header of the slot that the next write, by whichever process, goes to: unchanged as long as ours is newest. */
  readonly #nextHeader = Buffer.alloc(HEADER_BYTES);
  readonly #header = Buffer.alloc(HEADER_BYTES);

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
    if (this.#payload !== undefined && this.#isNewest()) return this.#payload;
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const lengths = [this.#load(0), this.#load(1)] as const;
      if (isUnwritten(this.#buffers[0], lengths[0]) && isUnwritten(this.#buffers[1], lengths[1])) return undefined;
      const later = sequenceOf(this.#buffers[0], lengths[0]) > sequenceOf(this.#buffers[1], lengths[1]) ? 0 : 1;
      for (const slot of [later, other(later)] as const) {
        const payload = payloadOf(this.#buffers[slot], lengths[slot]);
        if (payload === undefined) continue;
        this.#newest = slot;
        this.#sequence = sequenceOf(this.#buffers[slot], lengths[slot]);
        this.#readBytes = HEADER_BYTES + payload.length;
        this.#payload = payload;
        this.#noteNextHeader(lengths[other(slot)]);
        return payload;
      }
    }
    // A first write that was cut short: there never was a value.
    if (isUnwritten(this.#buffers[0], this.#load(0)) || isUnwritten(this.#buffers[1], this.#load(1))) return undefined;
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
    if (end > this.#allocated) this.#allocate(end);
    for (let at = 0; at < end; ) at += writeSync(this.#files[slot], buffer, at, end - at, at);
    this.#buffers[this.#newest].copy(this.#nextHeader, 0, 0, HEADER_BYTES);
    this.#newest = slot;
    this.#sequence += 1;
    this.#payload = buffer.subarray(HEADER_BYTES, end);
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }

  /** Whether nothing was written since `#payload` was. */
  #isNewest(): boolean {
    this.#header.fill(0);
    readSync(this.#files[other(this.#newest)], this.#header, 0, HEADER_BYTES, 0);
    return this.#header.equals(this.#nextHeader);
  }

  /** After a full read, of which the slot that is not newest had this many bytes. */
  #noteNextHeader(length: number): void {
    const next = this.#buffers[other(this.#newest)];
    this.#nextHeader.fill(0);
    next.copy(this.#nextHeader, 0, 0, Math.min(HEADER_BYTES, length));
    // A write was under way there: its header will not change again when it is complete, so it must not be trusted.
    if (sequenceOf(next, length) > this.#sequence) this.#nextHeader.fill(0xff);
  }

  /** Extends both files, keeping what they hold, to a size with room to spare. */
  #allocate(bytes: number): void {
    const wanted = STEP_BYTES * 2 ** Math.ceil(Math.log2(Math.max(1, bytes / STEP_BYTES)));
    for (const file of this.#files) {
      const { size } = fstatSync(file);
      if (size < wanted) writeSync(file, Buffer.alloc(wanted - size), 0, wanted - size, size);
    }
    this.#allocated = wanted;
  }

  /** Reads a slot into its buffer, all of it; returns how much there is. */
  #load(slot: 0 | 1): number {
    for (;;) {
      const buffer = this.#buffers[slot];
      const length = readSync(this.#files[slot], buffer, 0, this.#readBytes, 0);
      const needed = length < HEADER_BYTES ? 0 : HEADER_BYTES + buffer.readUInt32LE(4);
      // Half-written, the size may be anything, also more than there is.
      if (needed <= length || needed > fstatSync(this.#files[slot]).size) return length;
      this.#readBytes = needed;
      this.#reserve(0, needed);
      this.#reserve(1, needed);
    }
  }

  #reserve(slot: 0 | 1, bytes: number): void {
    const buffer = this.#buffers[slot];
    if (buffer.length >= bytes) return;
    this.#buffers[slot] = Buffer.alloc(bytes * 2);
    buffer.copy(this.#buffers[slot]);
  }
}

function other(slot: 0 | 1): 0 | 1 {
  return slot === 0 ? 1 : 0;
}

function openSlot(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

/** Empty, or extended and not written since. */
function isUnwritten(slot: Buffer, length: number): boolean {
  return sequenceOf(slot, length) === 0;
}

function sequenceOf(slot: Buffer, length: number): number {
  return length < HEADER_BYTES ? 0 : slot.readDoubleLE(8);
}

function payloadOf(slot: Buffer, length: number): Buffer | undefined {
  if (length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + slot.readUInt32LE(4);
  if (sequenceOf(slot, length) === 0 || end > length || crc32(slot.subarray(4, end)) !== slot.readUInt32LE(0))
    return undefined;
  return slot.subarray(HEADER_BYTES, end);
}
