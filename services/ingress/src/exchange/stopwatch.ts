import type { Clock } from '@weir/kernel';

/** Adds up the time spent inside Weir's own code for one call; sections may nest. */
export class Stopwatch {
  readonly #clock: Clock;
  #busyMs = 0;
  #enteredAt: number;

  /** Runs from `startedAt` (monotonic ms) until the first `leave(true)`. */
  constructor(clock: Clock, startedAt: number) {
    this.#clock = clock;
    this.#enteredAt = startedAt;
  }

  /** When the outermost section began, monotonic ms. */
  get enteredAt(): number {
    return this.#enteredAt;
  }

  /** True when this is the outermost section. */
  enter(): boolean {
    if (this.#enteredAt >= 0) return false;
    this.#enteredAt = this.#clock.monotonic();
    return true;
  }

  leave(outer: boolean): void {
    if (!outer) return;
    this.#busyMs += this.#clock.monotonic() - this.#enteredAt;
    this.#enteredAt = -1;
  }

  /** The sum since the last call of this, with what is running now until `now`. */
  takeMs(now: number): number {
    const busyMs = this.#busyMs + (this.#enteredAt < 0 ? 0 : now - this.#enteredAt);
    this.#busyMs = 0;
    if (this.#enteredAt >= 0) this.#enteredAt = now;
    return busyMs;
  }
}
