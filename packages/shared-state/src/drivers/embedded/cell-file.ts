import { hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { type Ring, ringLength } from '../../ring.ts';
import { keptMs, type Meter } from '../../shared-state.ts';

/** One page of memory: 32 bytes of header (16 of the key's hash, 8 of when it may go), then the ring. */
const CELL_BYTES = 4_096;
const HEADER_BYTES = 32;
const KEY_BYTES = 16;
/** A sparse file of 256 MiB at most: a cell takes room when it is first used. */
const CELLS = 65_536;
/** Where a key may be: this many cells from its own place on. When all are taken, the one that may go soonest goes. */
const PROBES = 16;
const PLACES_MAX = 10_000;

interface OpenCell {
  readonly index: number;
  readonly meter: Meter;
  readonly bytes: Buffer;
  readonly ring: Ring;
}

/** Rings in a file, found by their key. The caller holds the lock from the first `open` to `write`. */
export class CellFile {
  readonly #file: number;
  readonly #open = new Map<string, OpenCell>();
  readonly #probe = Buffer.alloc(HEADER_BYTES);
  /** Where keys were found last: looked at first, and never trusted. */
  #places = new Map<string, { readonly index: number; readonly key: Buffer }>();

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /** The ring of a meter, to be changed in place. */
  open(meter: Meter, nowMs: number): Ring {
    const known = this.#open.get(meter.key);
    if (known !== undefined) return known.ring;
    const cell = this.#atKnownPlace(meter) ?? this.#find(meter, nowMs);
    this.#open.set(meter.key, cell);
    return cell.ring;
  }

  /** Writes back what was opened. */
  write(nowMs: number): void {
    for (const { index, meter, bytes } of this.#open.values()) {
      bytes.writeDoubleLE(nowMs + keptMs(meter), KEY_BYTES);
      const length = HEADER_BYTES + ringLength(meter) * Float64Array.BYTES_PER_ELEMENT;
      writeSync(this.#file, bytes, 0, length, index * CELL_BYTES);
    }
    this.#open.clear();
  }

  close(): void {
    closeSync(this.#file);
  }

  #atKnownPlace(meter: Meter): OpenCell | undefined {
    const place = this.#places.get(meter.key);
    if (place === undefined) return undefined;
    const cell = this.#load(place.index, meter, true);
    return cell.bytes.compare(place.key, 0, KEY_BYTES, 0, KEY_BYTES) === 0 ? cell : undefined;
  }

  #note(meter: Meter, index: number, key: Buffer): void {
    if (this.#places.size >= PLACES_MAX) this.#places = new Map();
    this.#places.set(meter.key, { index, key });
  }

  #find(meter: Meter, nowMs: number): OpenCell {
    const key = hash('sha256', meter.key, 'buffer').subarray(0, KEY_BYTES);
    const home = key.readUInt32LE(0) % CELLS;
    let free = -1;
    let soonest = home;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const index = (home + probe) % CELLS;
      this.#probe.fill(0);
      readSync(this.#file, this.#probe, 0, HEADER_BYTES, index * CELL_BYTES);
      if (this.#probe.subarray(0, KEY_BYTES).equals(key)) {
        this.#note(meter, index, key);
        return this.#load(index, meter, true);
      }
      const goesAtMs = this.#probe.readDoubleLE(KEY_BYTES);
      if (goesAtMs < nowMs && free < 0) free = index;
      // Never used: nothing was ever placed beyond it.
      if (goesAtMs === 0) break;
      if (goesAtMs < soonestMs) {
        soonest = index;
        soonestMs = goesAtMs;
      }
    }
    const cell = this.#load(free < 0 ? soonest : free, meter, false);
    key.copy(cell.bytes);
    this.#note(meter, cell.index, key);
    return cell;
  }

  #load(index: number, meter: Meter, keep: boolean): OpenCell {
    const length = ringLength(meter);
    // A buffer of its own: views of eight-byte numbers need an aligned start.
    const memory = new ArrayBuffer(HEADER_BYTES + length * Float64Array.BYTES_PER_ELEMENT);
    const bytes = Buffer.from(memory);
    if (keep) readSync(this.#file, bytes, 0, bytes.length, index * CELL_BYTES);
    return { index, meter, bytes, ring: new Float64Array(memory, HEADER_BYTES, length) };
  }
}
