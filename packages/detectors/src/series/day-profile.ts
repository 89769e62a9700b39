/** What a time of day usually has: used only where it predicts the series much better than its level does. */

const DAY_MS = 86_400_000;
const SLOTS_MAX = 96;
const SLOTS_MIN = 12;
/** Days that a slot remembers. */
const DAYS = 6;
/** Rows by which the usual step of time is known. */
const STEP_ROWS = 16;
/** The profile has to halve the error of the level, over this many rows at least. */
const GAIN = 0.5;
const ROWS_MIN = 50;
const MEMORY = 1_000;

export class DayProfile {
  readonly #steps: number[] = [];
  #before = Number.NaN;
  #stepMs = 0;
  #slots = new Float64Array(0);
  #counts = new Uint32Array(0);
  #compared = 0;
  #ownError = 0;
  #levelError = 0;

  /** Usual milliseconds from row to row; 0 while unknown. */
  get stepMs(): number {
    return this.#stepMs;
  }

  /** What this time of day usually has; undefined where that is unknown or no help. */
  expected(time: number): number | undefined {
    const value = this.#at(time);
    const helps = this.#compared > ROWS_MIN && this.#ownError < GAIN * this.#levelError;
    return helps && !Number.isNaN(value) ? value : undefined;
  }

  /** @param most no deviation counts as larger: an anomaly must not become usual in a day. */
  learn(time: number, value: number, level: number, most: number): void {
    if (this.#slots.length === 0) this.#measure(time);
    this.#before = time;
    if (this.#slots.length === 0) return;
    const expected = this.#at(time);
    if (!Number.isNaN(expected)) {
      this.#compared += 1;
      const weight = 1 / Math.min(this.#compared, MEMORY);
      this.#ownError += (Math.min(Math.abs(value - expected), most) - this.#ownError) * weight;
      this.#levelError += (Math.min(Math.abs(value - level), most) - this.#levelError) * weight;
    }
    const slot = this.#slot(time);
    const count = (this.#counts[slot] ?? 0) + 1;
    this.#counts[slot] = count;
    const usual = this.#slots[slot] ?? Number.NaN;
    const rowsOfSlot = DAY_MS / this.#stepMs / this.#slots.length;
    const change = Math.max(-most, Math.min(most, value - usual)) / Math.min(count, DAYS * rowsOfSlot);
    this.#slots[slot] = Number.isNaN(usual) ? value : usual + change;
  }

  #measure(time: number): void {
    if (!Number.isNaN(this.#before)) this.#steps.push(time - this.#before);
    if (this.#steps.length < STEP_ROWS) return;
    const step = this.#steps.sort((a, b) => a - b)[STEP_ROWS / 2] ?? 0;
    this.#steps.length = 0;
    if (step <= 0 || step * SLOTS_MIN > DAY_MS) return;
    this.#stepMs = step;
    this.#slots = new Float64Array(Math.min(SLOTS_MAX, Math.round(DAY_MS / step))).fill(Number.NaN);
    this.#counts = new Uint32Array(this.#slots.length);
  }

  #slot(time: number): number {
    const past = ((time % DAY_MS) + DAY_MS) % DAY_MS;
    return Math.floor((past / DAY_MS) * this.#slots.length);
  }

  /** Between two slots their values are mixed, where a slot is wider than a row. */
  #at(time: number): number {
    if (this.#slots.length === 0) return Number.NaN;
    const slot = this.#slot(time);
    const own = this.#slots[slot] ?? Number.NaN;
    if (DAY_MS / this.#slots.length < 1.5 * this.#stepMs) return own;
    const past = ((time % DAY_MS) + DAY_MS) % DAY_MS;
    const offset = (past / DAY_MS) * this.#slots.length - slot - 0.5;
    const beside = this.#slots[(slot + Math.sign(offset) + this.#slots.length) % this.#slots.length] ?? Number.NaN;
    return Number.isNaN(beside) ? own : own + Math.abs(offset) * (beside - own);
  }
}
