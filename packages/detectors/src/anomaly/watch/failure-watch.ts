import { bernoulliLogRatio, betaMean, cusum } from '../models/cusum.ts';
import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';

const SHARES = TUNING.failures.shares;
const FAILED = 0;
const CALLS = 1;
const UP = 2;
const ONSET = UP + SHARES.length;
const RUN_FAILED = ONSET + 1;
const RUN_CALLS = ONSET + 2;
const RUN_RETRY_COST = ONSET + 3;
const FROZEN = ONSET + 4;
const FIELDS = ONSET + 5;

const HOUR_MS = 3_600_000;
const PICO = 1e12;
/** More pairs of tenant and provider than this are not watched. */
const ROWS_MAX = 200_000;

/** The share of attempts that a provider fails, for each tenant. */
export class FailureWatch {
  readonly #deps: WatchDeps;
  readonly #index = new KeyIndex();
  readonly #table = new RecordTable(FIELDS);

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    index: this.#index,
    table: this.#table,
  });

  get bytes(): number {
    return this.#table.bytes + this.#index.bytes;
  }

  observe({ event }: Moment): void {
    const table = this.#table;
    if (this.#index.size >= ROWS_MAX && this.#index.find(event.tenant, event.provider) < 0) return;
    const row = this.#index.rowOf(event.tenant, event.provider);
    table.reach(row);
    const { strength, prior, threshold, leastCalls, memory } = TUNING.failures;
    const failed = event.status >= 500 || event.status === 429 || event.status === 408;
    const usual = betaMean(table.get(row, FAILED), table.get(row, CALLS), prior, strength);
    let most = 0;
    for (let at = 0; at < SHARES.length; at += 1) {
      const to = Math.max(SHARES[at] as number, 2 * usual);
      const before = table.get(row, UP + at);
      // Nothing gathered and nothing failed: it stays at zero, without a logarithm.
      if (before === 0 && !failed) continue;
      const ratio = to >= 1 ? 0 : bernoulliLogRatio(failed, usual, to);
      const sum = Math.min(2 * threshold, cusum(before, ratio));
      table.set(row, UP + at, sum);
      most = Math.max(most, sum);
    }
    if (most === 0) {
      table.set(row, ONSET, event.ts);
      for (let field = RUN_FAILED; field <= RUN_RETRY_COST; field += 1) table.set(row, field, 0);
    }
    table.add(row, RUN_FAILED, failed ? 1 : 0);
    table.add(row, RUN_CALLS, 1);
    if (failed && !Number.isNaN(event.cost)) table.add(row, RUN_RETRY_COST, event.cost);
    if (most > threshold && table.get(row, CALLS) > leastCalls) this.#found(row, event.ts, usual, most);
    if (table.get(row, FROZEN) > event.ts) return;
    table.add(row, FAILED, failed ? 1 : 0);
    table.add(row, CALLS, 1);
    if (table.get(row, CALLS) < memory) return;
    table.set(row, FAILED, table.get(row, FAILED) / 2);
    table.set(row, CALLS, table.get(row, CALLS) / 2);
  }

  #found(row: number, ts: number, usual: number, nats: number): void {
    const { ids, report } = this.#deps;
    const table = this.#table;
    const old = ts - table.get(row, ONSET) > TUNING.life.adoptMs;
    table.set(row, FROZEN, old ? 0 : ts + HOUR_MS);
    if (old) return;
    const dims = {
      tenant: ids.tenant.nameOf(this.#index.firstOf(row)),
      provider: ids.provider.nameOf(this.#index.secondOf(row)),
    };
    const now = table.get(row, RUN_FAILED) / table.get(row, RUN_CALLS);
    const hours = Math.max(60_000, ts - table.get(row, ONSET)) / HOUR_MS;
    report({
      kind: 'retry_storm',
      driver: 'retries',
      direction: 'up',
      ts,
      onset: table.get(row, ONSET),
      dims,
      cause: dims,
      stream: -1,
      nats,
      metric: 'failed_share',
      observed: now,
      expected: usual,
      usdAnHour: table.get(row, RUN_RETRY_COST) / PICO / hours,
      brief: true,
      evidence: { failed_share: `${usual.toFixed(3)} -> ${now.toFixed(3)}` },
    });
  }
}
