/** A number of calls in any minute: a bucket that holds as many as a minute has and fills steadily. */
export class Allowance {
  readonly #perMinute: number;
  readonly #monotonic: () => number;
  #left: number;
  #at: number;

  /** @param perMinute 0: no bound. */
  constructor(perMinute: number, monotonic: () => number) {
    this.#perMinute = perMinute;
    this.#monotonic = monotonic;
    this.#left = perMinute;
    this.#at = monotonic();
  }

  /** Takes one call; the milliseconds to wait before it is made. */
  take(): number {
    if (this.#perMinute === 0) return 0;
    const now = this.#monotonic();
    const perMs = this.#perMinute / 60_000;
    this.#left = Math.min(this.#perMinute, this.#left + (now - this.#at) * perMs) - 1;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / perMs);
  }
}
