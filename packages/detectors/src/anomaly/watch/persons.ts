import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { TUNING } from '../tuning.ts';

const FIRST_TS = 0;
const NATS = 1;
/** Per tenant. */
const T_FIRST = 0;
const T_CALLS = 1;
const T_NEW = 2;
const T_AT = 3;

const WEEK_MS = 7 * 24 * 3_600_000;

/** The users of each tenant, and how rare a new one is. */
export class Persons {
  readonly #index = new KeyIndex();
  readonly #table = new RecordTable(2);
  readonly #tenants = new RecordTable(4);

  get bytes(): number {
    return this.#index.bytes + this.#table.bytes + this.#tenants.bytes;
  }

  /** A call; the row of its user in the tenant. */
  observe(tenant: number, user: number, ts: number): number {
    const tenants = this.#tenants;
    if (tenant >= tenants.rows || tenants.get(tenant, T_FIRST) === 0) {
      tenants.reach(tenant);
      tenants.set(tenant, T_FIRST, ts);
      tenants.set(tenant, T_AT, ts);
    }
    const kept = Math.exp(-Math.max(0, ts - tenants.get(tenant, T_AT)) / WEEK_MS);
    tenants.set(tenant, T_AT, ts);
    tenants.set(tenant, T_CALLS, tenants.get(tenant, T_CALLS) * kept + 1);
    tenants.set(tenant, T_NEW, tenants.get(tenant, T_NEW) * kept);
    const row = this.#index.rowOf(tenant, user);
    if (row < this.#table.rows) return row;
    this.#table.reach(row);
    this.#table.set(row, FIRST_TS, ts);
    const established = ts - tenants.get(tenant, T_FIRST) > TUNING.life.learnMs;
    // Good and Turing: the chance of something new is the share of the calls that brought something new.
    const nats = Math.log((tenants.get(tenant, T_CALLS) + 1) / (tenants.get(tenant, T_NEW) + 0.5));
    this.#table.set(row, NATS, established ? nats : 0);
    tenants.add(tenant, T_NEW, 1);
    return row;
  }

  firstTsOf = (tenant: number): number => this.#tenants.get(tenant, T_FIRST);

  /** How surprising it was that this user came, in nats; 0 for those who have been here for a day. */
  novelty(row: number, ts: number): number {
    return ts - this.#table.get(row, FIRST_TS) < TUNING.user.strangerMs ? this.#table.get(row, NATS) : 0;
  }
}
