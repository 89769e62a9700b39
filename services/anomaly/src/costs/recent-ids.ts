/** The newest ids of a partition, in a ring: whether an id was among the last `capacity` is a fact of the log alone. */
export class RecentIds {
  readonly #ring: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #capacity: number;
  #at = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(id: string): boolean {
    return this.#counts.has(id);
  }

  add(id: string): void {
    const oldest = this.#ring[this.#at];
    if (oldest !== undefined) {
      const left = (this.#counts.get(oldest) ?? 1) - 1;
      if (left === 0) this.#counts.delete(oldest);
      else this.#counts.set(oldest, left);
    }
    this.#ring[this.#at] = id;
    this.#at = (this.#at + 1) % this.#capacity;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }
}
