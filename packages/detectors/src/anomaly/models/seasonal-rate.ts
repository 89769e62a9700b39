import { RecordTable } from '../state/record-table.ts';
import type { Stored } from '../state/stored.ts';

const MINUTE_MS = 60_000;
export const BIN_MS = 30 * MINUTE_MS;
const BINS_A_DAY = 48;
const DAYS = 7;
const BINS = DAYS * BINS_A_DAY;
const DAY_MS = BINS_A_DAY * BIN_MS;

/** What remains of a week's counts a week later: about five weeks decide. */
const KEPT_A_WEEK = 0.8;
/** Counts that a half hour of the week must gather to be believed as much as hour of day × day of week. */
const POOL_STRENGTH = 8;

const COUNT = 0;
const RATE = BINS;
const WEEKS = 2 * BINS;
/** 1 from the first local midnight on: a day that was seen in part teaches nothing. */
const STARTED = WEEKS + DAYS;
const SEEN_DAYS = STARTED + 1;
const DAY_TOTAL = STARTED + 2;
const FIELDS = STARTED + 3;

/** Half hour of the local week, Thursday 00:00 first. */
export const binOf = (localMs: number): number => Math.floor(localMs / BIN_MS) % BINS;

/**
 * Expected counts by half hour of the week. With few weeks of data a cell is mostly hour of day × day of week (the
 * independence fit of a contingency table), and as it gathers counts, mostly itself (a gamma-Poisson posterior).
 */
export class SeasonalRate implements Stored {
  readonly #table = new RecordTable(FIELDS);

  get bytes(): number {
    return this.#table.bytes;
  }

  reach(row: number): void {
    this.#table.reach(row);
  }

  clear(row: number): void {
    this.#table.clear(row);
  }

  seenDays(row: number): number {
    return this.#table.get(row, SEEN_DAYS);
  }

  /** Expected count of a half hour. */
  rate(row: number, bin: number): number {
    return this.#table.get(row, RATE + bin);
  }

  /** Expected count of a day, the mean over the week. */
  dayTotal(row: number): number {
    return this.#table.get(row, DAY_TOTAL);
  }

  /** A half hour is over. */
  close(row: number, bin: number, count: number): void {
    const table = this.#table;
    const day = Math.floor(bin / BINS_A_DAY);
    if (bin % BINS_A_DAY === 0) {
      table.set(row, STARTED, 1);
      table.set(row, WEEKS + day, table.get(row, WEEKS + day) * KEPT_A_WEEK);
      for (let at = 0; at < BINS_A_DAY; at += 1) {
        const cell = COUNT + bin + at;
        table.set(row, cell, table.get(row, cell) * KEPT_A_WEEK);
      }
    }
    if (table.get(row, STARTED) === 0) return;
    table.add(row, COUNT + bin, count);
    if (bin % BINS_A_DAY !== BINS_A_DAY - 1) return;
    table.add(row, WEEKS + day, 1);
    table.add(row, SEEN_DAYS, 1);
    this.#fit(row);
  }

  #fit(row: number): void {
    const table = this.#table;
    const dayTotals = new Float64Array(DAYS).fill(Number.NaN);
    let sum = 0;
    let seen = 0;
    for (let day = 0; day < DAYS; day += 1) {
      const weeks = table.get(row, WEEKS + day);
      if (weeks === 0) continue;
      let count = 0;
      for (let at = 0; at < BINS_A_DAY; at += 1) count += table.get(row, COUNT + day * BINS_A_DAY + at);
      dayTotals[day] = count / weeks;
      sum += count / weeks;
      seen += 1;
    }
    const meanDay = sum / seen;
    const factorOf = (day: number): number => {
      const total = dayTotals[day] as number;
      return Number.isNaN(total) || meanDay === 0 ? 1 : total / meanDay;
    };
    let week = 0;
    for (let at = 0; at < BINS_A_DAY; at += 1) {
      let count = 0;
      let exposure = 0;
      for (let day = 0; day < DAYS; day += 1) {
        count += table.get(row, COUNT + day * BINS_A_DAY + at);
        exposure += table.get(row, WEEKS + day) * factorOf(day);
      }
      const hour = exposure === 0 ? 0 : count / exposure;
      for (let day = 0; day < DAYS; day += 1) {
        const bin = day * BINS_A_DAY + at;
        const pooled = hour * factorOf(day);
        const own = table.get(row, COUNT + bin);
        const expected = table.get(row, WEEKS + day) * pooled;
        const rate = (pooled * (own + POOL_STRENGTH)) / (expected + POOL_STRENGTH);
        table.set(row, RATE + bin, rate);
        week += rate;
      }
    }
    table.set(row, DAY_TOTAL, week / DAYS);
  }

  save(): unknown {
    return this.#table.save();
  }

  load(saved: unknown): void {
    this.#table.load(saved);
  }
}

/** The first half hour that starts after `ts`. */
export const nextBinAt = (ts: number): number => Math.floor(ts / BIN_MS) * BIN_MS + BIN_MS;
export { DAY_MS };
