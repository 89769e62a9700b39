const FACTOR_MAX = 16;
const CALM_INSERTS = 20;

/** How long a batch may fill: doubled while the warehouse has too many parts, so that it gets fewer and larger ones. */
export class Linger {
  readonly #baseMs: number;
  #factor = 1;
  #calm = 0;

  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  get ms(): number {
    return this.#baseMs * this.#factor;
  }

  tooManyParts(): void {
    this.#factor = Math.min(FACTOR_MAX, this.#factor * 2);
    this.#calm = 0;
  }

  taken(): void {
    if (this.#factor === 1) return;
    this.#calm += 1;
    if (this.#calm < CALM_INSERTS) return;
    this.#factor /= 2;
    this.#calm = 0;
  }
}
