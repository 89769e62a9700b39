/**
 * Holds what is in use now, to be taken out by the number that it was given. Not a Set: V8's hash tables leave their old
 * storage linked to the new one, and once such storage is old it keeps all that ever passed through alive from one full
 * collection to the next, each time a few tens of MiB at thousands of calls a second.
 */
export class Slots<Item> {
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Returns the number under which the item is held. */
  add(item: Item): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return slot;
  }

  /** Takes an item out; once for each `add`. */
  remove(slot: number): void {
    this.#items[slot] = undefined;
    this.#free.push(slot);
  }

  items(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }
}
