/**
 * The last ids of a partition, at least `capacity` and at most twice that, as 52-bit digests: about 5 MB for 65,536.
 * A hit is a suspicion (two ids can share a digest), never a verdict: the ledger is asked.
 */
export class RecentIds {
  readonly capacity: number;
  #young = new Set<number>();
  #old = new Set<number>();

  constructor(capacity = 65_536) {
    this.capacity = capacity;
  }

  /** True when the id may have been seen; remembers it either way. */
  seen(id: string): boolean {
    const digest = digestOf(id);
    if (this.#young.has(digest) || this.#old.has(digest)) return true;
    this.#young.add(digest);
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return false;
  }
}

/** The last 13 hexadecimal digits of a UUID, without its hyphen: random in version 7, and below 2^52. */
const digestOf = (id: string): number => Number.parseInt(id.slice(-14, -13) + id.slice(-12), 16);
