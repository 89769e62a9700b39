import { cusum } from '../models/cusum.ts';
import { type SessionStep, stepSession } from '../models/session-process.ts';
import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { TUNING } from '../tuning.ts';
import type { Streams } from './streams.ts';

const LAST = 0;
const PENDING = 1;
const STARTS = 2;
/** Starts of the stream when this user came. */
const BASE = 3;
const UP = 4;
const ONSET = 7;
const RUN_CALLS = 8;
const RUN_COST = 9;
const HABIT = 10;
const HABIT_BEFORE = 12;
const SESSION_SUM = 14;
const SESSION_CALLS = 15;
const SPEND = 16;
const REPORTED = 17;
const PEAK = 18;
const RECORD = 19;
const FIELDS = 20;

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
/** Beyond this more evidence only delays the end. */
const CAP = 1.5 * TUNING.user.threshold;
const RATES = TUNING.user.loopsAMinute.map((perMinute) => perMinute / MINUTE_MS);

/** How fast one user calls one stream, against sessions as they come there. */
export class UserVolume {
  readonly #index = new KeyIndex();
  readonly #table = new RecordTable(FIELDS);
  readonly #streams: Streams;
  readonly #step: SessionStep = { intensity: 0, continued: 0, pending: 0 };

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  get bytes(): number {
    return this.#index.bytes + this.#table.bytes;
  }

  get size(): number {
    return this.#index.size;
  }

  rowOf(stream: number, user: number): number {
    const row = this.#index.rowOf(stream, user);
    if (row >= this.#table.rows) {
      this.#table.reach(row);
      this.#table.set(row, BASE, this.#streams.starts(stream));
      this.#table.set(row, LAST, Number.NEGATIVE_INFINITY);
      this.#streams.addUser(stream);
    }
    return row;
  }

  /** A first attempt. Returns the probability that it continues a session. */
  observe(row: number, stream: number, ts: number, cost: number): number {
    const table = this.#table;
    const gap = ts - table.get(row, LAST);
    const pending = gap > TUNING.sessions.longestGapMs ? 0 : table.get(row, PENDING);
    const startRate = Math.max(this.#startRate(row, stream), TUNING.user.leastStartsPerMs);
    stepSession(pending, pending === 0 ? 0 : gap, startRate, this.#streams.shape(stream), this.#step);
    const { intensity, continued } = this.#step;
    table.set(row, LAST, ts);
    table.set(row, PENDING, this.#step.pending);
    table.add(row, STARTS, 1 - continued);
    table.add(row, SPEND, cost);
    let running = 0;
    for (let at = 0; at < RATES.length; at += 1) {
      const rate = RATES[at] as number;
      const left = cusum(table.get(row, UP + at), -rate * Math.min(gap, WEEK_MS));
      running = Math.max(running, left);
      table.set(row, UP + at, Math.min(CAP, left + Math.log(1 + rate / intensity)));
    }
    if (running === 0) {
      this.#endRun(row);
      table.set(row, ONSET, ts);
      table.set(row, RUN_CALLS, 0);
      table.set(row, RUN_COST, 0);
    }
    table.add(row, RUN_CALLS, 1);
    table.add(row, RUN_COST, cost);
    table.set(row, PEAK, Math.max(table.get(row, PEAK), this.nats(row)));
    return continued;
  }

  /** What a user has done before without being in a loop is not news. */
  threshold(row: number): number {
    return Math.max(TUNING.user.threshold, this.#table.get(row, RECORD) + TUNING.user.overRecord);
  }

  #endRun(row: number): void {
    const table = this.#table;
    const peak = table.get(row, PEAK);
    if (peak < this.threshold(row)) {
      table.set(row, RECORD, Math.max(table.get(row, RECORD) * TUNING.recordKept, peak));
    }
    table.set(row, PEAK, 0);
  }

  #startRate(row: number, stream: number): number {
    const streams = this.#streams;
    const exposure = streams.starts(stream) - this.#table.get(row, BASE);
    // A user of whom little is known is an average one.
    const share = (this.#table.get(row, STARTS) + 0.5) / (exposure + 0.5 * Math.max(2, streams.users(stream)));
    return Math.min(1, share) * streams.seasonalRate(stream) * streams.fastLevel(stream);
  }

  nats(row: number): number {
    return Math.max(this.#table.get(row, UP), this.#table.get(row, UP + 1), this.#table.get(row, UP + 2));
  }

  isHot(row: number): boolean {
    return this.#table.get(row, RUN_CALLS) >= TUNING.user.hotCalls && this.nats(row) > TUNING.user.hotNats;
  }

  last = (row: number): number => this.#table.get(row, LAST);
  onset = (row: number): number => this.#table.get(row, ONSET);
  runCalls = (row: number): number => this.#table.get(row, RUN_CALLS);
  runCost = (row: number): number => this.#table.get(row, RUN_COST);

  /** Expected calls of this user per ms. */
  usualRate(row: number, stream: number): number {
    return this.#startRate(row, stream) / (1 - this.#streams.shape(stream).continuation);
  }

  /** True when the same user did the same about a week or two ago. Remembers this burst. */
  isHabit(row: number, ts: number): boolean {
    const near = (then: number): boolean => {
      const apart = Math.abs(ts - then - WEEK_MS * Math.round((ts - then) / WEEK_MS));
      return then > 0 && ts - then > WEEK_MS / 2 && apart < TUNING.user.habitMs;
    };
    const table = this.#table;
    const known =
      near(table.get(row, HABIT)) ||
      near(table.get(row, HABIT + 1)) ||
      near(table.get(row, HABIT_BEFORE)) ||
      near(table.get(row, HABIT_BEFORE + 1));
    if (ts - table.get(row, HABIT) > 3 * TUNING.user.habitMs) {
      for (let at = HABIT_BEFORE + 1; at > HABIT; at -= 1) table.set(row, at, table.get(row, at - 1));
      table.set(row, HABIT, ts);
    }
    return known;
  }

  reported = (row: number): number => this.#table.get(row, REPORTED);
  markReported = (row: number, ts: number): void => this.#table.set(row, REPORTED, ts);

  /** The residuals of the running session, for the tests of sizes. */
  sessionSum = (row: number): number => this.#table.get(row, SESSION_SUM);
  sessionCalls = (row: number): number => this.#table.get(row, SESSION_CALLS);
  addToSession(row: number, residual: number, continued: number): void {
    const table = this.#table;
    table.set(row, SESSION_SUM, table.get(row, SESSION_SUM) * continued + residual);
    table.set(row, SESSION_CALLS, table.get(row, SESSION_CALLS) * continued + 1);
  }
}
