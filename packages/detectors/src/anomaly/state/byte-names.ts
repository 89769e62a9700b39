import type { DimensionIds } from './dimension-ids.ts';

const FIRST_SLOTS = 256;
const BACKSLASH = 92;

/** The numbers of names that are still bytes of JSON: a name that was seen before is not decoded again. */
export class ByteNames {
  readonly #ids: DimensionIds;
  readonly #text = new TextDecoder();
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  readonly #names: Uint8Array[] = [];
  readonly #idOf: number[] = [];
  readonly #hashes: number[] = [];

  constructor(ids: DimensionIds) {
    this.#ids = ids;
  }

  idOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry < 0) return this.#add(bytes, start, end, hash, slot);
      if (this.#hashes[entry] === hash && isSame(bytes, start, end, this.#names[entry] as Uint8Array)) {
        return this.#idOf[entry] as number;
      }
      slot = (slot + 1) & mask;
    }
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const name = bytes.slice(start, end);
    const text = this.#text.decode(name);
    const id = this.#ids.idOf(name.includes(BACKSLASH) ? (JSON.parse(`"${text}"`) as string) : text);
    this.#slots[slot] = this.#names.length;
    this.#names.push(name);
    this.#idOf.push(id);
    this.#hashes.push(hash);
    if (this.#names.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#names.length; entry += 1) {
      const hash = this.#hashes[entry] as number;
      let slot = (hash ^ (hash >>> 15)) & mask;
      while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
    this.#slots = slots;
  }
}

function isSame(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name[at]) return false;
  return true;
}
