import { hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { type Ring, ringLength } from '../../ring.ts';
import { keptMs, type Meter } from '../../shared-state.ts';

/** One page of memory: 32 bytes of header, then the ring. */
const CELL_BYTES = 4_096;
const HEADER_BYTES = 32;
/** The header: a hash of the key, when the cell may go (ms), and how often it was written, whoever had it. */
const KEY_BYTES = 16;
const GOES_AT = 16;
const VERSION = 24;
/** A sparse file of 256 MiB at most: a cell takes room when it is first used. */
const CELLS = 65_536;
/** Where a key may be: this many cells from its own place on. When all are taken, the one that may go soonest goes. */
const PROBES = 16;
/** Cells that are kept in memory as they were last seen, each at most 4 KiB; beyond it all are read anew. */
const KEPT_MAX = 1_024;

interface Cell {
  readonly index: number;
  readonly meter: Meter;
  readonly bytes: Buffer;
  readonly ring: Ring;
}

/**
 * Rings in a file, found by their key. The caller holds the lock from the first `open` of a step to its `end` and `write`;
 * or it has the file for itself, and may leave what changed in memory for a while.
 */
export class CellFile {
  readonly #file: number;
  readonly #open = new Map<string, Cell>();
  readonly #changed = new Set<Cell>();
  readonly #probe = Buffer.alloc(HEADER_BYTES);
  /** As last seen: good as long as nobody has written the cell since. */
  #kept = new Map<string, Cell>();

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /**
   * The ring of a meter; `changes` says that more than the passing of time will be in it. `alone`: nobody else has written
   * since it was last seen.
   */
  open(meter: Meter, nowMs: number, changes: boolean, alone: boolean): Ring {
    let cell = this.#open.get(meter.key);
    if (cell === undefined) {
      cell = (alone ? this.#kept.get(meter.key) : this.#unchanged(meter)) ?? this.#find(meter, nowMs);
      this.#open.set(meter.key, cell);
    }
    if (changes) this.#changed.add(cell);
    return cell.ring;
  }

  /** Ends a step; true when there is something to write. */
  end(): boolean {
    this.#open.clear();
    return this.#changed.size > 0;
  }

  /** Writes what was changed, each cell in one piece. */
  write(nowMs: number): void {
    for (const { index, meter, bytes } of this.#changed) {
      bytes.writeDoubleLE(nowMs + keptMs(meter), GOES_AT);
      bytes.writeDoubleLE(bytes.readDoubleLE(VERSION) + 1, VERSION);
      writeSync(this.#file, bytes, 0, bytes.length, index * CELL_BYTES);
    }
    this.#changed.clear();
  }

  /** After a failure: what is in memory may be neither the old nor the new. */
  forget(): void {
    this.#changed.clear();
    this.#open.clear();
    this.#kept.clear();
  }

  close(): void {
    closeSync(this.#file);
  }

  #unchanged(meter: Meter): Cell | undefined {
    const kept = this.#kept.get(meter.key);
    if (kept === undefined) return undefined;
    this.#readHeader(kept.index);
    // Key, time and version alike: nobody has written it.
    return this.#probe.compare(kept.bytes, 0, HEADER_BYTES) === 0 ? kept : undefined;
  }

  #find(meter: Meter, nowMs: number): Cell {
    const key = hash('sha256', meter.key, 'buffer').subarray(0, KEY_BYTES);
    const home = key.readUInt32LE(0) % CELLS;
    let free = -1;
    let soonest = home;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const index = (home + probe) % CELLS;
      this.#readHeader(index);
      if (this.#probe.subarray(0, KEY_BYTES).equals(key)) return this.#load(index, meter, true);
      const goesAtMs = this.#probe.readDoubleLE(GOES_AT);
      if (goesAtMs < nowMs && free < 0 && !this.#isOpen(index)) free = index;
      // Never used: nothing was ever placed beyond it.
      if (goesAtMs === 0 && free === index) break;
      if (goesAtMs < soonestMs && !this.#isOpen(index)) {
        soonest = index;
        soonestMs = goesAtMs;
      }
    }
    const cell = this.#load(free < 0 ? soonest : free, meter, false);
    key.copy(cell.bytes);
    // Written even if nothing is counted in it: until then others would find its place free.
    this.#changed.add(cell);
    return cell;
  }

  /** By another key, which may not be written yet. */
  #isOpen(index: number): boolean {
    for (const cell of this.#open.values()) if (cell.index === index) return true;
    for (const cell of this.#changed) if (cell.index === index) return true;
    return false;
  }

  #readHeader(index: number): void {
    this.#probe.fill(0);
    readSync(this.#file, this.#probe, 0, HEADER_BYTES, index * CELL_BYTES);
  }

  #load(index: number, meter: Meter, keep: boolean): Cell {
    const length = ringLength(meter);
    // A buffer of its own: views of eight-byte numbers need an aligned start.
    const memory = new ArrayBuffer(HEADER_BYTES + length * Float64Array.BYTES_PER_ELEMENT);
    const bytes = Buffer.from(memory);
    if (keep) readSync(this.#file, bytes, 0, bytes.length, index * CELL_BYTES);
    else {
      this.#readHeader(index);
      this.#probe.copy(bytes, VERSION, VERSION);
    }
    const cell = { index, meter, bytes, ring: new Float64Array(memory, HEADER_BYTES, length) };
    // What is not written yet stays.
    if (this.#kept.size >= KEPT_MAX) this.#kept = new Map([...this.#changed].map((each) => [each.meter.key, each]));
    this.#kept.set(meter.key, cell);
    return cell;
  }
}
