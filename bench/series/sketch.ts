/** A seeded series in the making: a base, its noise, its ordinary events, and labelled anomalies. */
import { type SeededRandom, seededRandom } from '@weir/testkit';
import { type LabelledSeries, probation, windowsAround } from './labelled-series.ts';

const DAY = 86_400_000;

export interface Faintness {
  /** The faintest labelled event, as a share of its full size. */
  readonly labelledFrom: number;
  /** How many unlabelled ones, and the share of the largest. */
  readonly unlabelled: number;
  readonly unlabelledTo: number;
}

export const NONE_FAINT: Faintness = { labelledFrom: 1, unlabelled: 0, unlabelledTo: 0 };
export const FEW_FAINT: Faintness = { labelledFrom: 0.6, unlabelled: 0.5, unlabelledTo: 0.4 };
const SOME_FAINT: Faintness = { labelledFrom: 0.25, unlabelled: 2.5, unlabelledTo: 0.5 };

export class Sketch {
  readonly random: SeededRandom;
  readonly values: number[] = [];
  readonly #family: string;
  readonly #name: string;
  readonly #step: number;
  readonly #anomalies: number[] = [];

  constructor(family: string, name: string, seed: string, rows: number, stepSeconds: number) {
    this.#family = family;
    this.#name = name;
    this.#step = stepSeconds * 1_000;
    this.random = seededRandom(seed, family, name);
    this.values.length = rows;
    this.values.fill(0);
  }

  get rows(): number {
    return this.values.length;
  }

  /** Rows of a day. */
  get day(): number {
    return DAY / this.#step;
  }

  /** Share of the day that has passed, 0 to 1. */
  hour(row: number): number {
    return ((row * this.#step) % DAY) / DAY;
  }

  weekday(row: number): number {
    return Math.floor((row * this.#step) / DAY) % 7;
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.random.next()));
    return radius * Math.cos(2 * Math.PI * this.random.next());
  }

  /** 1 with probability 1/2, heavier tails for smaller alpha. */
  pareto(alpha: number): number {
    return (1 - this.random.next()) ** (-1 / alpha);
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.random.next();
  }

  each(change: (value: number, row: number) => number): this {
    for (let row = 0; row < this.rows; row += 1) this.values[row] = change(this.values[row] ?? 0, row);
    return this;
  }

  span(from: number, length: number, change: (value: number, past: number) => number): this {
    for (let past = 0; past < length && from + past < this.rows; past += 1) {
      this.values[from + past] = change(this.values[from + past] ?? 0, past);
    }
    return this;
  }

  noise(sd: number): this {
    return this.each((value) => value + sd * this.normal());
  }

  /** Noise that remembers: `keep` of it stays from row to row. */
  wander(sd: number, keep: number): this {
    let state = 0;
    return this.each((value) => {
      state = keep * state + sd * Math.sqrt(1 - keep * keep) * this.normal();
      return value + state;
    });
  }

  /** Multiplies by the exponential of a wander. */
  swell(sd: number, keep: number): this {
    let state = 0;
    return this.each((value) => {
      state = keep * state + sd * Math.sqrt(1 - keep * keep) * this.normal();
      return value * Math.exp(state);
    });
  }

  /** Calls `event` at random rows, `count` of them expected. */
  now(count: number, event: (row: number) => void): this {
    for (let row = 0; row < this.rows; row += 1) if (this.random.next() < count / this.rows) event(row);
    return this;
  }

  /**
   * Labelled events, apart from each other and none among the first rows: some faint, as in life, and beside them
   * fainter ones that nobody labelled.
   */
  anomalies(events: readonly ((row: number) => void)[], faint: Faintness = SOME_FAINT): this {
    const room = this.rows * 0.95 - this.rows * 0.2;
    events.forEach((event, index) => {
      const row = Math.floor(this.rows * 0.2 + (room * (index + this.between(0.15, 0.85))) / events.length);
      this.#anomalies.push(row);
      this.#blend(this.between(faint.labelledFrom, 1), () => event(row));
    });
    if (events.length === 0) return this;
    this.now(faint.unlabelled, (row) => {
      this.#blend(this.between(0.05, faint.unlabelledTo), () => this.random.pick(events)(row));
    });
    // Some series begin with an anomaly, before the rows that are scored.
    if (faint.unlabelled > 0 && this.random.next() < 0.35)
      this.random.pick(events)(this.random.int(10, Math.floor(this.rows * 0.11)));
    return this;
  }

  /** Applies a change in part. */
  #blend(share: number, change: () => void): void {
    const before = [...this.values];
    change();
    this.each((value, row) => (before[row] ?? 0) + share * (value - (before[row] ?? 0)));
  }

  round(digits: number): this {
    return this.each((value) => Number(value.toFixed(digits)));
  }

  floor(least: number): this {
    return this.each((value) => Math.max(least, value));
  }

  done(): LabelledSeries {
    const start = Date.UTC(2015, 1, 2);
    return {
      family: this.#family,
      name: this.#name,
      times: this.values.map((_, row) => start + row * this.#step),
      values: this.values,
      windows: windowsAround(this.#anomalies, this.rows).filter(([, last]) => last >= probation(this.rows)),
    };
  }
}
