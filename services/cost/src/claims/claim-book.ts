/** Who may book the usage of some answers. */
export interface Claim {
  /** request_id of the row that would book them. */
  readonly owner: string;
  /** Digests of the answers' ids. */
  readonly digests: readonly string[];
}

export interface ClaimBookLimits {
  /** Digests that are remembered; a claim that would exceed them is refused whole. About 80 bytes each. */
  readonly digests: number;
  /** Claims are forgotten after this time. */
  readonly horizonMs: number;
}

/**
 * Whose every answer is: the first that claimed it, in the order of the log. A function of the records alone, so that every
 * process, and every restart, comes to the same owners.
 */
export class ClaimBook {
  readonly #limits: ClaimBookLimits;
  /** In the order of the log: the oldest come first. */
  readonly #owners = new Map<string, { readonly owner: string; readonly atMs: number }>();

  constructor(limits: ClaimBookLimits) {
    this.#limits = limits;
  }

  /** @param atMs when the log took the claim. */
  apply({ owner, digests }: Claim, atMs: number): void {
    this.#forget(atMs - this.#limits.horizonMs);
    const fresh = new Set(digests.filter((digest) => !this.#owners.has(digest)));
    // Half a claim would leave answers that nobody books.
    if (this.#owners.size + fresh.size > this.#limits.digests) return;
    const entry = { owner, atMs };
    for (const digest of fresh) this.#owners.set(digest, entry);
  }

  /** Undefined when nobody claimed it, or the book was full. */
  ownerOf(digest: string): string | undefined {
    return this.#owners.get(digest)?.owner;
  }

  get size(): number {
    return this.#owners.size;
  }

  #forget(beforeMs: number): void {
    for (const [digest, { atMs }] of this.#owners) {
      if (atMs >= beforeMs) return;
      this.#owners.delete(digest);
    }
  }
}
