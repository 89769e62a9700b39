import { binOf, DAY_MS, SeasonalRate } from '../models/seasonal-rate.ts';
import type { SessionShape } from '../models/session-process.ts';
import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';

const FIRST_TS = 0;
const CALLS = 1;
const STARTS = 2;
const USERS = 3;
const CHILDREN = 4;
const GAPS = 5;
const RATE = 6;
const FAST_SEEN = 7;
const FAST_EXPECTED = 8;
const SLOW_SEEN = 9;
const SLOW_EXPECTED = 10;
const SURGE_SEEN = 11;
const SURGE_EXPECTED = 12;
const BIN_COUNT = 13;
const BIN = 14;
const USD = 15;
const TENANT = 16;
const ENV = 17;
const FEATURE = 18;
const FROZEN = 19;
const WANDER = 20;
const LAST = 21;
const FIELDS = 22;

const HOUR_MS = 3_600_000;
const TURN_MS = 300_000;
const ENVS_MAX = 4_096;
const MONEY_MEMORY_MS = 3 * DAY_MS;
const PICO = 1e12;
/** A level says something once each day of the week has been seen. */
const SEASON_DAYS = 7;
/** This part of the streams is given up at once, when there is no room for another. */
const SHARE = 1 / 16;

export interface StreamsDeps {
  /** Milliseconds that the clock of a tenant is ahead of UTC. */
  readonly offsetOf: (tenant: number, ts: number) => number;
  readonly streamsMax: number;
  /** These rows are about to mean other streams. */
  readonly onForget: (rows: ReadonlySet<number>) => void;
}

/**
 * What is normal for each stream (tenant × environment × feature): its season, its level, its sessions, its money. When there is no
 * room for another stream, those that cost least, lately, are forgotten.
 */
export class Streams {
  readonly season = new SeasonalRate();
  readonly #index = new KeyIndex();
  readonly #table = new RecordTable(FIELDS);
  readonly #deps: StreamsDeps;
  #fresh = false;
  readonly #shape: SessionShape = { continuation: 0, gapMs: 1 };

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
  }

  /** True when the row that `rowOf` gave last is a new one. */
  get fresh(): boolean {
    return this.#fresh;
  }

  get rows(): number {
    return this.#index.rows;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    season: this.season,
    index: this.#index,
    table: this.#table,
  });

  get bytes(): number {
    return this.#index.bytes + this.#table.bytes + this.season.bytes;
  }

  rowOf(tenant: number, env: number, feature: number, ts: number): number {
    const table = this.#table;
    const known = this.#index.find(tenant * ENVS_MAX + env, feature);
    this.#fresh = known < 0;
    if (known >= 0) {
      table.set(known, LAST, ts);
      return known;
    }
    if (this.#index.size >= this.#deps.streamsMax) this.#evict();
    const row = this.#index.rowOf(tenant * ENVS_MAX + env, feature);
    table.reach(row);
    this.season.reach(row);
    table.set(row, FIRST_TS, ts);
    table.set(row, LAST, ts);
    table.set(row, WANDER, TUNING.level.wander ** 2);
    table.set(row, TENANT, tenant);
    table.set(row, ENV, env);
    table.set(row, FEATURE, feature);
    table.set(row, BIN, binOf(ts + this.#deps.offsetOf(tenant, ts)));
    return row;
  }

  #evict(): void {
    const table = this.#table;
    const byWorth = Array.from({ length: table.rows }, (_, row) => row)
      .filter((row) => this.isLive(row))
      .sort((a, b) => table.get(a, USD) - table.get(b, USD) || table.get(a, LAST) - table.get(b, LAST) || a - b);
    const rows = new Set(byWorth.slice(0, Math.max(1, Math.floor(this.#deps.streamsMax * SHARE))));
    this.#deps.onForget(rows);
    for (const row of rows) {
      this.#index.delete(row);
      table.clear(row);
      this.season.clear(row);
    }
  }

  /** False for a row that means no stream just now. */
  isLive = (row: number): boolean => this.#table.get(row, FIRST_TS) > 0;

  tenantOf = (row: number): number => this.#table.get(row, TENANT);
  envOf = (row: number): number => this.#table.get(row, ENV);
  featureOf = (row: number): number => this.#table.get(row, FEATURE);
  firstTs = (row: number): number => this.#table.get(row, FIRST_TS);
  calls = (row: number): number => this.#table.get(row, CALLS);
  starts = (row: number): number => this.#table.get(row, STARTS);
  users = (row: number): number => this.#table.get(row, USERS);
  addUser = (row: number): void => this.#table.add(row, USERS, 1);

  /** While something is wrong with the traffic of a stream it teaches nothing about what is normal. */
  freeze(row: number, untilTs: number): void {
    this.#table.set(row, FROZEN, untilTs);
  }

  isFrozen = (row: number, ts: number): boolean => this.#table.get(row, FROZEN) > ts;

  /** The sessions of a stream; the result is used again by the next call. */
  shape(row: number): SessionShape {
    const { priorContinuation, priorGapMs, priorCalls } = TUNING.sessions;
    const children = this.#table.get(row, CHILDREN);
    const priorChildren = priorContinuation * priorCalls;
    this.#shape.continuation = (children + priorChildren) / (this.#table.get(row, CALLS) + priorCalls);
    this.#shape.gapMs = (this.#table.get(row, GAPS) + priorChildren * priorGapMs) / (children + priorChildren);
    return this.#shape;
  }

  /** Sessions per ms that the season expects now. */
  seasonalRate = (row: number): number => this.#table.get(row, RATE);

  slowLevel(row: number): number {
    const { slowStrength } = TUNING.level;
    return (this.#table.get(row, SLOW_SEEN) + slowStrength) / (this.#table.get(row, SLOW_EXPECTED) + slowStrength);
  }

  /** How much busier than its season the stream is just now: a gamma-Poisson posterior that forgets. */
  fastLevel(row: number): number {
    const { fastStrength } = TUNING.level;
    const prior = this.slowLevel(row);
    return (
      (this.#table.get(row, FAST_SEEN) + fastStrength * prior) / (this.#table.get(row, FAST_EXPECTED) + fastStrength)
    );
  }

  /** Standard deviation of the logarithm of the level around its season, as this stream has shown it. */
  wander = (row: number): number => Math.sqrt(this.#table.get(row, WANDER));

  /** Sessions seen and expected in the last three quarters of an hour. */
  surgeSeen = (row: number): number => this.#table.get(row, SURGE_SEEN);
  surgeExpected = (row: number): number => this.#table.get(row, SURGE_EXPECTED) * this.slowLevel(row);

  /** Dollars of an ordinary day. */
  usdADay(row: number, ts: number): number {
    const age = Math.max(DAY_MS / 4, ts - this.firstTs(row));
    const weight = MONEY_MEMORY_MS * (1 - Math.exp(-age / MONEY_MEMORY_MS));
    return (this.#table.get(row, USD) / weight) * DAY_MS;
  }

  usdACall(row: number, ts: number): number {
    const calls = this.calls(row);
    const days = Math.min(3, Math.max(0.25, (ts - this.firstTs(row)) / DAY_MS));
    const aDay = Math.max(1, this.season.dayTotal(row) / (1 - this.shape(row).continuation));
    return calls === 0 ? 0 : this.usdADay(row, ts) / Math.max(aDay, Math.min(aDay, calls / days));
  }

  /** Calls that a span of this length has as a rule, at this time of the week where the season is known. */
  expectedCalls(row: number, spanMs: number, ts: number): number {
    const perStart = 1 / (1 - this.shape(row).continuation);
    if (this.season.seenDays(row) >= SEASON_DAYS)
      return this.seasonalRate(row) * this.slowLevel(row) * spanMs * perStart;
    return (this.calls(row) * spanMs) / Math.max(DAY_MS / 4, ts - this.firstTs(row));
  }

  addCost(row: number, pico: number): void {
    this.#table.add(row, USD, pico / PICO);
  }

  /** A first attempt; `started`: probability that it began a session, `gapMs` to the call before it. */
  addCall(row: number, started: number, gapMs: number): void {
    const table = this.#table;
    table.add(row, CALLS, 1);
    table.add(row, STARTS, started);
    if (started < 1) {
      table.add(row, CHILDREN, 1 - started);
      table.add(row, GAPS, (1 - started) * gapMs);
    }
    table.add(row, BIN_COUNT, started);
    // Without a season there is nothing to be above or below.
    if (this.season.seenDays(row) < SEASON_DAYS) return;
    table.add(row, FAST_SEEN, started);
    table.add(row, SLOW_SEEN, started);
    table.add(row, SURGE_SEEN, started);
  }

  /** `ms` of time have passed for every stream, in which so many sessions were to be expected. */
  accrue(ms: number): void {
    const table = this.#table;
    const { fastMs, slowMs, surgeMs } = TUNING.level;
    const fast = Math.exp(-ms / fastMs);
    const slow = Math.exp(-ms / slowMs);
    const surge = Math.exp(-ms / surgeMs);
    const money = Math.exp(-ms / MONEY_MEMORY_MS);
    for (let row = 0; row < table.rows; row += 1) {
      const expected = this.season.seenDays(row) < SEASON_DAYS ? 0 : table.get(row, RATE) * ms;
      table.set(row, FAST_SEEN, table.get(row, FAST_SEEN) * fast);
      table.set(row, FAST_EXPECTED, table.get(row, FAST_EXPECTED) * fast + expected);
      table.set(row, SLOW_SEEN, table.get(row, SLOW_SEEN) * slow);
      table.set(row, SLOW_EXPECTED, table.get(row, SLOW_EXPECTED) * slow + expected);
      table.set(row, SURGE_SEEN, table.get(row, SURGE_SEEN) * surge);
      table.set(row, SURGE_EXPECTED, table.get(row, SURGE_EXPECTED) * surge + expected);
      table.set(row, USD, table.get(row, USD) * money);
    }
  }

  /** The next half hour begins for those whose clock says so. */
  turn(ts: number): void {
    // Clocks differ by whole quarters of an hour.
    if (ts % TURN_MS !== 0) return;
    for (let row = 0; row < this.#table.rows; row += 1) this.#turnBin(row, ts);
  }

  #learnWander(row: number): void {
    const { wanderMemory } = TUNING.level;
    const off = Math.log(this.fastLevel(row) / this.slowLevel(row)) ** 2;
    this.#table.add(row, WANDER, wanderMemory * (off - this.#table.get(row, WANDER)));
  }

  #turnBin(row: number, ts: number): void {
    const table = this.#table;
    const bin = binOf(ts + this.#deps.offsetOf(this.tenantOf(row), ts));
    const before = table.get(row, BIN);
    if (bin === before) return;
    const usual = this.season.rate(row, before) * this.slowLevel(row);
    const learnt = this.isFrozen(row, ts) && usual > 0 ? usual : table.get(row, BIN_COUNT);
    this.season.close(row, before, learnt);
    if (!this.isFrozen(row, ts) && table.get(row, FAST_EXPECTED) > TUNING.level.fastStrength) this.#learnWander(row);
    table.set(row, BIN, bin);
    table.set(row, BIN_COUNT, 0);
    table.set(row, RATE, this.season.rate(row, bin) / (HOUR_MS / 2));
  }
}
