import type { Stored } from './stored.ts';

/** Under this name go those that come when there is no room for more. */
const REST = '(more)';
/** What a short name takes: its text, a place in a list and one in a map. */
const NAME_BYTES = 96;

export interface NameLimits {
  /** Names at once, at most. */
  readonly namesMax: number;
  /** So many new names come before a number that was let go is given again: events on their way still mean the old name. */
  readonly reuseAfter: number;
}

/**
 * Names to small whole numbers and back, for one dimension. Numbers that a state holds stay; one that was held and is not any more
 * is given to another name, later.
 */
export class DimensionIds implements Stored {
  readonly #limits: NameLimits;
  readonly #ids = new Map<string, number>();
  #names: string[] = [];
  #holders = new Int32Array(256);
  /** How often each number is among the loose ones. */
  #queued = new Uint8Array(256);
  /** Numbers nobody holds any more, in the order in which they were let go, from `#next` on. */
  #loose: number[] = [];
  #next = 0;
  readonly #forgetters: ((id: number, name: string) => void)[] = [];

  constructor(limits: NameLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#ids.size;
  }

  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const spare = this.#spare();
    if (spare < 0 && this.#names.length >= this.#limits.namesMax && name !== REST) return this.idOf(REST);
    const id = spare < 0 ? this.#names.length : spare;
    this.#names[id] = name;
    this.#ids.set(name, id);
    return id;
  }

  nameOf(id: number): string {
    return this.#names[id] as string;
  }

  /** A state keeps the number: once more. */
  hold(id: number): void {
    if (id >= this.#holders.length) this.#reach(id);
    this.#holders[id] = (this.#holders[id] as number) + 1;
    // It was let go while an event with it was on its way.
    const name = this.#names[id];
    if (name !== undefined && !this.#ids.has(name)) this.#ids.set(name, id);
  }

  /** An event with it has gone by, and nothing was kept of it. */
  pass(id: number): void {
    if (id >= this.#holders.length) this.#reach(id);
    if (this.#holders[id] === 0 && this.#queued[id] === 0) this.#loosen(id);
  }

  /** A state keeps it no more: once less. */
  letGo(id: number): void {
    const left = (this.#holders[id] as number) - 1;
    this.#holders[id] = left;
    if (left === 0) this.#loosen(id);
  }

  #loosen(id: number): void {
    const name = this.#names[id] as string;
    if (this.#ids.get(name) === id) this.#ids.delete(name);
    for (const forget of this.#forgetters) forget(id, name);
    this.#loose.push(id);
    this.#queued[id] = (this.#queued[id] as number) + 1;
  }

  /** Of the tables; the text of the names is the engine's. */
  get bytes(): number {
    return (
      this.#holders.byteLength + this.#queued.byteLength + 8 * this.#loose.length + NAME_BYTES * this.#names.length
    );
  }

  /** Called with a number that nobody holds any more, and what it meant: from now on the name may get another. */
  onLetGo(forget: (id: number, name: string) => void): void {
    this.#forgetters.push(forget);
  }

  #reach(id: number): void {
    const holders = new Int32Array(Math.max(id + 1, 2 * this.#holders.length));
    holders.set(this.#holders);
    this.#holders = holders;
    const queued = new Uint8Array(holders.length);
    queued.set(this.#queued);
    this.#queued = queued;
  }

  #spare(): number {
    while (this.#loose.length - this.#next > this.#limits.reuseAfter) {
      const id = this.#loose[this.#next] as number;
      this.#next += 1;
      this.#queued[id] = (this.#queued[id] as number) - 1;
      if (this.#next > 4_096 && 2 * this.#next > this.#loose.length) {
        this.#loose = this.#loose.slice(this.#next);
        this.#next = 0;
      }
      if (this.#holders[id] === 0 && this.#queued[id] === 0) return id;
    }
    return -1;
  }

  save(): unknown {
    return {
      names: [...this.#names],
      holders: Int32Array.from(this.#names, (_, id) => this.#holders[id] ?? 0),
      loose: this.#loose.slice(this.#next),
    };
  }

  load(stored: unknown): void {
    const saved = stored as {
      readonly names: readonly string[];
      readonly holders: Int32Array;
      readonly loose: readonly number[];
    };
    this.#names = [...saved.names];
    this.#holders = new Int32Array(Math.max(256, saved.names.length));
    this.#holders.set(saved.holders);
    this.#queued = new Uint8Array(this.#holders.length);
    this.#loose = [...saved.loose];
    for (const id of this.#loose) this.#queued[id] = (this.#queued[id] as number) + 1;
    this.#next = 0;
    this.#ids.clear();
    const loose = new Set(this.#loose.filter((id) => this.#holders[id] === 0));
    for (const [id, name] of this.#names.entries()) if (!loose.has(id)) this.#ids.set(name, id);
  }
}
