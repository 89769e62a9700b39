import type { Stored } from '@weir/detectors';

/** At least as many calls as the detector keeps of a stream. */
const KEPT = 128;
const ID_BYTES = 16;
/** Beyond as many streams calls have no ids: 2 KiB each. */
const STREAMS_MAX = 20_000;

/**
 * Request ids of the newest calls of each stream. The detector knows calls by numbers: the number of a call is the place
 * of its id here, which holds until as many newer calls of the stream have come.
 */
export class SampleIds implements Stored {
  #rows = new Map<string, number>();
  #counts: number[] = [];
  #ids = new Uint8Array(64 * KEPT * ID_BYTES);

  /** The number that stands for the id, or -1. */
  put(stream: string, requestId: string): number {
    let row = this.#rows.get(stream);
    if (row === undefined) {
      if (this.#rows.size >= STREAMS_MAX) return -1;
      row = this.#rows.size;
      this.#rows.set(stream, row);
      this.#counts.push(0);
      this.#reach(row);
    }
    const count = this.#counts[row] as number;
    const place = row * KEPT + (count % KEPT);
    this.#counts[row] = (count + 1) % KEPT;
    writeUuid(this.#ids, place * ID_BYTES, requestId);
    return place;
  }

  idOf(place: number): string | undefined {
    if (place < 0 || place >= this.#rows.size * KEPT) return undefined;
    return readUuid(this.#ids, place * ID_BYTES);
  }

  save(): unknown {
    const ids = this.#ids.slice(0, this.#rows.size * KEPT * ID_BYTES);
    return { streams: [...this.#rows.keys()], counts: [...this.#counts], ids };
  }

  load(saved: unknown): void {
    const { streams, counts, ids } = saved as { streams: string[]; counts: number[]; ids: Uint8Array };
    this.#rows = new Map(streams.map((stream, row) => [stream, row]));
    this.#counts = [...counts];
    this.#ids = new Uint8Array(Math.max(64 * KEPT * ID_BYTES, ids.length));
    this.#ids.set(ids);
  }

  #reach(row: number): void {
    const needed = (row + 1) * KEPT * ID_BYTES;
    if (needed <= this.#ids.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#ids.length * 2));
    larger.set(this.#ids);
    this.#ids = larger;
  }
}

const HEX = '0123456789abcdef';
const DASHES: ReadonlySet<number> = new Set([4, 6, 8, 10]);

/** What is no UUID becomes zeros, which is no id of a call. */
function writeUuid(target: Uint8Array, at: number, text: string): void {
  const hex = text.replaceAll('-', '');
  for (let index = 0; index < ID_BYTES; index += 1) {
    target[at + index] = Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16) | 0;
  }
}

function readUuid(source: Uint8Array, at: number): string {
  let text = '';
  for (let index = 0; index < ID_BYTES; index += 1) {
    const byte = source[at + index] as number;
    text += `${DASHES.has(index) ? '-' : ''}${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return text;
}
