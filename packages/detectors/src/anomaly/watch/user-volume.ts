import { cusum } from '../models/cusum.ts';
import { type SessionStep, stepSession } from '../models/session-process.ts';
import type { DimensionIds } from '../state/dimension-ids.ts';
import { hashName } from '../state/hash.ts';
import { nthSmallest } from '../state/nth-smallest.ts';
import { PackedRows } from '../state/packed-rows.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TailSketch } from '../state/tail-sketch.ts';
import { TUNING } from '../tuning.ts';
import type { Persons } from './persons.ts';
import type { Streams } from './streams.ts';

/** A row starts with stream and user. 64-bit words: */
const LAST = 1;
const ONSET = 2;
const STARTS = 3;
/** Starts of the stream when this user came. */
const BASE = 4;
const SPEND = 5;
/** 32-bit words, floats: */
const PENDING = 12;
const UP = 13;
const RUN_CALLS = 16;
const RUN_COST = 17;
const SESSION_SUM = 18;
const SESSION_CALLS = 19;
const PEAK = 20;
const RECORD = 21;
/** And whole numbers: the row of the person, and seconds since 1970. */
const PERSON = 22;
const REPORTED = 23;
const HABIT = 24;
const HABITS = 4;
/** 112 are used: two lines of 64 bytes, wherever between two lines the first one starts. */
const ROW_BYTES = 128;

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
/** Beyond this more evidence only delays the end. */
const CAP = 1.5 * TUNING.user.threshold;
const RATES = TUNING.user.loopsAMinute.map((perMinute) => perMinute / MINUTE_MS);
const PICO = 1e12;
/** Who calls now is not forgotten for who called once. */
const RUNNING_MS = 15 * MINUTE_MS;
const RUNNING_WORTH = 1e6;
/** A call counts at least this many dollars. */
const CALL_USD = 1e-6;
/** This part of the rows is given up at once, when there is no room for another. */
const SHARE = 1 / 16;

export interface UserVolumeDeps {
  readonly streams: Streams;
  readonly persons: Persons;
  readonly users: DimensionIds;
  /** Users of streams that have a row. */
  readonly rowsMax: number;
  readonly sketchWidth: number;
}

/** How fast one user calls one stream, against sessions as they come there. Who spends least, lately, loses the row to a new one. */
export class UserVolume {
  readonly #rows = new PackedRows(ROW_BYTES);
  readonly #deps: UserVolumeDeps;
  readonly #gone: TailSketch;
  readonly #step: SessionStep = { intensity: 0, continued: 0, pending: 0 };
  #fadedTs = 0;
  #evicted = 0;

  constructor(deps: UserVolumeDeps) {
    this.#deps = deps;
    this.#gone = new TailSketch(deps.sketchWidth);
    this.stored = storedParts({
      rows: this.#rows,
      gone: this.#gone,
      counts: storedValue(
        () => [this.#fadedTs, this.#evicted] as const,
        ([fadedTs, evicted]) => {
          this.#fadedTs = fadedTs;
          this.#evicted = evicted;
        },
      ),
    });
  }

  /** What a snapshot holds. */
  readonly stored: Stored;

  get bytes(): number {
    return this.#rows.bytes + this.#gone.bytes;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Rows that were given up for others. */
  get evicted(): number {
    return this.#evicted;
  }

  rowOf(stream: number, user: number, ts: number): number {
    const rows = this.#rows;
    const known = rows.find(stream, user);
    if (known >= 0) return known;
    const { streams, persons, users, rowsMax } = this.#deps;
    if (rows.size >= rowsMax) this.#evict(ts);
    const row = rows.rowOf(stream, user);
    const person = persons.join(streams.tenantOf(stream), user, ts);
    rows.i32[row * rows.words + PERSON] = person;
    const at = row * rows.doubles;
    rows.f64[at + LAST] = Number.NEGATIVE_INFINITY;
    const before = this.#gone.amountOf(stream, hashName(users.nameOf(user)));
    rows.f64[at + STARTS] = before;
    if (before > 0) return row;
    rows.f64[at + BASE] = streams.starts(stream);
    streams.addUser(stream);
    return row;
  }

  personOf(row: number): number {
    return this.#rows.i32[row * this.#rows.words + PERSON] as number;
  }

  /** A first attempt. Returns the probability that it continues a session. */
  observe(row: number, stream: number, ts: number, cost: number): number {
    const { f32, f64, words, doubles } = this.#rows;
    const at = row * doubles;
    const low = row * words;
    const gap = ts - (f64[at + LAST] as number);
    const pending = gap > TUNING.sessions.longestGapMs ? 0 : (f32[low + PENDING] as number);
    const startRate = Math.max(this.#startRate(row, stream), TUNING.user.leastStartsPerMs);
    stepSession(pending, pending === 0 ? 0 : gap, startRate, this.#deps.streams.shape(stream), this.#step);
    const { intensity, continued } = this.#step;
    f64[at + LAST] = ts;
    f32[low + PENDING] = this.#step.pending;
    f64[at + STARTS] = (f64[at + STARTS] as number) + 1 - continued;
    f64[at + SPEND] = (f64[at + SPEND] as number) + cost / PICO + CALL_USD;
    let running = 0;
    let most = 0;
    for (let test = 0; test < RATES.length; test += 1) {
      const rate = RATES[test] as number;
      const left = cusum(f32[low + UP + test] as number, -rate * Math.min(gap, WEEK_MS));
      running = Math.max(running, left);
      const sum = Math.min(CAP, left + Math.log(1 + rate / intensity));
      f32[low + UP + test] = sum;
      most = Math.max(most, sum);
    }
    if (running === 0) {
      this.#endRun(row);
      f64[at + ONSET] = ts;
      f32[low + RUN_CALLS] = 0;
      f32[low + RUN_COST] = 0;
    }
    f32[low + RUN_CALLS] = (f32[low + RUN_CALLS] as number) + 1;
    f32[low + RUN_COST] = (f32[low + RUN_COST] as number) + cost;
    f32[low + PEAK] = Math.max(f32[low + PEAK] as number, most);
    return continued;
  }

  /** What a user has done before without being in a loop is not news. */
  threshold(row: number): number {
    const { f32, words } = this.#rows;
    return Math.max(TUNING.user.threshold, (f32[row * words + RECORD] as number) + TUNING.user.overRecord);
  }

  #endRun(row: number): void {
    const { f32, words } = this.#rows;
    const at = row * words;
    const peak = f32[at + PEAK] as number;
    if (peak < this.threshold(row)) {
      f32[at + RECORD] = Math.max((f32[at + RECORD] as number) * TUNING.recordKept, peak);
    }
    f32[at + PEAK] = 0;
  }

  #startRate(row: number, stream: number): number {
    const { streams } = this.#deps;
    const { f64, doubles } = this.#rows;
    const at = row * doubles;
    const exposure = streams.starts(stream) - (f64[at + BASE] as number);
    // A user of whom little is known is an average one.
    const share = ((f64[at + STARTS] as number) + 0.5) / (exposure + 0.5 * Math.max(2, streams.users(stream)));
    return Math.min(1, share) * streams.seasonalRate(stream) * streams.fastLevel(stream);
  }

  nats(row: number): number {
    const { f32, words } = this.#rows;
    const at = row * words + UP;
    return Math.max(f32[at] as number, f32[at + 1] as number, f32[at + 2] as number);
  }

  isHot(row: number): boolean {
    return this.runCalls(row) >= TUNING.user.hotCalls && this.nats(row) > TUNING.user.hotNats;
  }

  last = (row: number): number => this.#rows.f64[row * this.#rows.doubles + LAST] as number;
  onset = (row: number): number => this.#rows.f64[row * this.#rows.doubles + ONSET] as number;
  runCalls = (row: number): number => this.#rows.f32[row * this.#rows.words + RUN_CALLS] as number;
  runCost = (row: number): number => this.#rows.f32[row * this.#rows.words + RUN_COST] as number;

  /** Expected calls of this user per ms. */
  usualRate(row: number, stream: number): number {
    return this.#startRate(row, stream) / (1 - this.#deps.streams.shape(stream).continuation);
  }

  /** True when the same user did the same about a week or two ago. Remembers this burst. */
  isHabit(row: number, ts: number): boolean {
    const { i32, words } = this.#rows;
    const at = row * words + HABIT;
    const then = (turn: number): number => 1_000 * (i32[at + turn] as number);
    let known = false;
    for (let turn = 0; turn < HABITS; turn += 1) {
      const apart = Math.abs(ts - then(turn) - WEEK_MS * Math.round((ts - then(turn)) / WEEK_MS));
      known ||= then(turn) > 0 && ts - then(turn) > WEEK_MS / 2 && apart < TUNING.user.habitMs;
    }
    if (ts - then(0) > 3 * TUNING.user.habitMs) {
      i32.copyWithin(at + 1, at, at + HABITS - 1);
      i32[at] = Math.floor(ts / 1_000);
    }
    return known;
  }

  reported = (row: number): number => 1_000 * (this.#rows.i32[row * this.#rows.words + REPORTED] as number);
  markReported(row: number, ts: number): void {
    this.#rows.i32[row * this.#rows.words + REPORTED] = Math.floor(ts / 1_000);
  }

  /** The residuals of the running session, for the tests of sizes. */
  sessionSum = (row: number): number => this.#rows.f32[row * this.#rows.words + SESSION_SUM] as number;
  sessionCalls = (row: number): number => this.#rows.f32[row * this.#rows.words + SESSION_CALLS] as number;
  addToSession(row: number, residual: number, continued: number): void {
    const { f32, words } = this.#rows;
    const at = row * words;
    f32[at + SESSION_SUM] = (f32[at + SESSION_SUM] as number) * continued + residual;
    f32[at + SESSION_CALLS] = (f32[at + SESSION_CALLS] as number) * continued + 1;
  }

  /** The streams are no more. */
  forgetStreams(streams: ReadonlySet<number>): void {
    const { i32, f64, words, doubles } = this.#rows;
    for (let row = 0; row < this.#rows.rows; row += 1) {
      // A row that is free has no last call.
      if (f64[row * doubles + LAST] !== 0 && streams.has(i32[row * words] as number)) this.#drop(row);
    }
  }

  #evict(ts: number): void {
    const { rowsMax } = this.#deps;
    const { f64, doubles, rows } = this.#rows;
    const worth = new Float64Array(rows);
    const live: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      if (f64[row * doubles + LAST] === 0) continue;
      worth[live.length] = this.#worth(row, ts);
      live.push(row);
    }
    const count = Math.max(1, Math.floor(rowsMax * SHARE));
    const limit = nthSmallest(worth.slice(0, live.length), count - 1);
    let left = count;
    for (let at = 0; at < live.length; at += 1) if ((worth[at] as number) < limit) left -= 1;
    for (const [at, row] of live.entries()) {
      const own = worth[at] as number;
      if (own > limit || (own === limit && left <= 0)) continue;
      if (own === limit) left -= 1;
      this.#drop(row);
    }
    this.#evicted += count;
    if (ts - this.#fadedTs < WEEK_MS) return;
    this.#fadedTs = ts;
    this.#gone.fade(0.5);
    this.#deps.persons.fade(0.5);
  }

  /** Dollars spent, less by e for each week since the last call. */
  #worth(row: number, ts: number): number {
    const { f64, doubles } = this.#rows;
    const age = ts - (f64[row * doubles + LAST] as number);
    const spend = (f64[row * doubles + SPEND] as number) * Math.exp(-age / WEEK_MS);
    return age < RUNNING_MS && this.runCalls(row) >= TUNING.user.leastCalls ? spend + RUNNING_WORTH : spend;
  }

  #drop(row: number): void {
    const { users, persons } = this.#deps;
    const { i32, f64, words, doubles } = this.#rows;
    const stream = i32[row * words] as number;
    const user = i32[row * words + 1] as number;
    const starts = Math.max(1, f64[row * doubles + STARTS] as number);
    this.#gone.add(stream, hashName(users.nameOf(user)), starts);
    persons.leave(this.personOf(row), starts);
    this.#rows.delete(row);
  }
}
