import type { DimensionIds } from '../state/dimension-ids.ts';
import { hashName } from '../state/hash.ts';
import { PackedRows } from '../state/packed-rows.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TailSketch } from '../state/tail-sketch.ts';
import { TUNING } from '../tuning.ts';

/** A row, after tenant and user: in 32-bit words, but for the time, which is a 64-bit one. */
const FIRST_TS = 1;
const NATS = 4;
const Z_SUM = 5;
const Z_N = 6;
const STREAMS = 7;
const ROW_BYTES = 32;
/** Per tenant. */
const T_FIRST = 0;
const T_CALLS = 1;
const T_NEW = 2;
const T_AT = 3;

const WEEK_MS = 7 * 24 * 3_600_000;
const FADE_EVERY_MS = 60_000;
/** Calls over which the habit of a person is taken. */
const HABIT_CALLS = 400;

/** The users of each tenant, how rare a new one is, and how large their requests are as a rule. */
export class Persons {
  readonly #users: DimensionIds;
  readonly #rows = new PackedRows(ROW_BYTES);
  readonly #tenants = new RecordTable(4);
  readonly #gone: TailSketch;

  constructor(users: DimensionIds, sketchWidth: number) {
    this.#users = users;
    this.#gone = new TailSketch(sketchWidth);
    this.stored = storedParts({ rows: this.#rows, tenants: this.#tenants, gone: this.#gone });
  }

  /** What a snapshot holds. */
  readonly stored: Stored;

  get bytes(): number {
    return this.#rows.bytes + this.#tenants.bytes + this.#gone.bytes;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** A call of a tenant. */
  count(tenant: number, ts: number): void {
    const tenants = this.#tenants;
    if (tenant >= tenants.rows || tenants.get(tenant, T_FIRST) === 0) {
      tenants.reach(tenant);
      tenants.set(tenant, T_FIRST, ts);
      tenants.set(tenant, T_AT, ts);
    }
    const age = ts - tenants.get(tenant, T_AT);
    if (age >= FADE_EVERY_MS) {
      const kept = Math.exp(-age / WEEK_MS);
      tenants.set(tenant, T_AT, ts);
      tenants.set(tenant, T_CALLS, tenants.get(tenant, T_CALLS) * kept);
      tenants.set(tenant, T_NEW, tenants.get(tenant, T_NEW) * kept);
    }
    tenants.add(tenant, T_CALLS, 1);
  }

  /** The row of a user, who is now seen in one stream more. */
  join(tenant: number, user: number, ts: number): number {
    const rows = this.#rows;
    const row = rows.rowOf(tenant, user);
    const at = row * rows.words;
    rows.i32[at + STREAMS] = (rows.i32[at + STREAMS] as number) + 1;
    if (!rows.fresh) return row;
    this.#users.hold(user);
    // Whoever was here and lost the row is not new.
    if (this.#gone.amountOf(tenant, hashName(this.#users.nameOf(user))) > 0) return row;
    rows.f64[row * rows.doubles + FIRST_TS] = ts;
    const tenants = this.#tenants;
    const established = ts - tenants.get(tenant, T_FIRST) > TUNING.life.learnMs;
    // Good and Turing: the chance of something new is the share of the calls that brought something new.
    const nats = Math.log((tenants.get(tenant, T_CALLS) + 1) / (tenants.get(tenant, T_NEW) + 0.5));
    rows.f32[at + NATS] = established ? nats : 0;
    tenants.add(tenant, T_NEW, 1);
    return row;
  }

  /** The user lost the row of a stream; with the last of them the person is forgotten, but for a trace in the sketch. */
  leave(row: number, calls: number): void {
    const rows = this.#rows;
    const at = row * rows.words;
    const tenant = rows.i32[at] as number;
    const user = rows.i32[at + 1] as number;
    this.#gone.add(tenant, hashName(this.#users.nameOf(user)), calls);
    const left = (rows.i32[at + STREAMS] as number) - 1;
    rows.i32[at + STREAMS] = left;
    if (left > 0) return;
    rows.delete(row);
    this.#users.letGo(user);
  }

  fade(kept: number): void {
    this.#gone.fade(kept);
  }

  firstTsOf = (tenant: number): number => this.#tenants.get(tenant, T_FIRST);

  /** How surprising it was that this user came, in nats; 0 for those who have been here for a day. */
  novelty(row: number, ts: number): number {
    const rows = this.#rows;
    const first = rows.f64[row * rows.doubles + FIRST_TS] as number;
    return ts - first < TUNING.user.strangerMs ? (rows.f32[row * rows.words + NATS] as number) : 0;
  }

  /** How far the sizes of this user's requests are from those of the streams, in standard deviations; little is believed of few. */
  habit(row: number): number {
    const { f32, words } = this.#rows;
    const at = row * words;
    return (f32[at + Z_SUM] as number) / ((f32[at + Z_N] as number) + TUNING.tokens.userStrength);
  }

  learnHabit(row: number, score: number, weight: number): void {
    const { f32, words } = this.#rows;
    const at = row * words;
    const n = (f32[at + Z_N] as number) + weight;
    const kept = n > HABIT_CALLS ? 0.5 : 1;
    f32[at + Z_SUM] = kept * ((f32[at + Z_SUM] as number) + score);
    f32[at + Z_N] = kept * n;
  }
}
