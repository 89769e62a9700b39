import { bernoulliLogRatio, betaMean, cusum } from '../models/cusum.ts';
import { priceOf } from '../models/price-row.ts';
import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';
import type { PriceWatch } from './price-watch.ts';
import { streamDims } from './stream-dims.ts';

const SHARES = TUNING.models.shares;
const USED = 0;
const UP = 1;
const ONSET = UP + SHARES.length;
const RUN_USED = ONSET + 1;
const RUN_CALLS = ONSET + 2;
const RUN_COST = ONSET + 3;
const FIELDS = ONSET + 4;

/** Models of one stream that are told apart; what others answer counts as none of them. */
const MODELS_MAX = 32;

const CAP = 2 * TUNING.models.knownThreshold;
const PICO = 1e12;

interface StreamModels {
  rows: number[];
  calls: number;
  frozenUntil: number;
}

/** Which models answer a stream: the share of each, counted in sessions, so that a new one is news at its first session. */
export class ModelWatch {
  readonly #deps: WatchDeps;
  readonly #prices: PriceWatch;
  readonly #index = new KeyIndex();
  readonly #table = new RecordTable(FIELDS);
  #streams: StreamModels[] = [];

  constructor(deps: WatchDeps, prices: PriceWatch) {
    this.#deps = deps;
    this.#prices = prices;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    index: this.#index,
    table: this.#table,
    streams: storedValue(
      () => this.#streams,
      (streams) => {
        this.#streams = streams;
      },
    ),
  });

  get bytes(): number {
    return this.#table.bytes + this.#index.bytes;
  }

  forget(stream: number): void {
    for (const row of this.#streams[stream]?.rows ?? []) {
      this.#table.clear(row);
      this.#index.delete(row);
    }
    delete this.#streams[stream];
  }

  observe(moment: Moment): void {
    const { event, stream, continued } = moment;
    const started = 1 - continued;
    const table = this.#table;
    const state = this.#stateOf(stream);
    let current = this.#index.find(stream, event.model);
    if (current < 0 && state.rows.length < MODELS_MAX) {
      current = this.#index.rowOf(stream, event.model);
      table.reach(current);
      state.rows.push(current);
    }
    const { strength, leastCalls, memory } = TUNING.models;
    const mature = state.calls > leastCalls && event.ts - this.#deps.streams.firstTs(stream) > TUNING.life.learnMs;
    for (const row of state.rows) {
      const used = row === current;
      if (mature) this.#weigh(moment, row, used, started, betaMean(table.get(row, USED), state.calls, 0, strength));
      if (used && event.ts > state.frozenUntil) table.add(row, USED, started);
    }
    if (event.ts <= state.frozenUntil) return;
    state.calls += started;
    if (state.calls < memory) return;
    state.calls /= 2;
    for (const row of state.rows) table.set(row, USED, table.get(row, USED) / 2);
  }

  #stateOf(stream: number): StreamModels {
    const known = this.#streams[stream];
    if (known !== undefined) return known;
    const fresh = { rows: [], calls: 0, frozenUntil: 0 };
    this.#streams[stream] = fresh;
    return fresh;
  }

  #weigh(moment: Moment, row: number, used: boolean, started: number, share: number): void {
    const table = this.#table;
    const { event, stream } = moment;
    const state = this.#streams[stream] as StreamModels;
    // Seen never or once: as likely as the next unknown thing after so many calls (Good and Turing).
    const usual = Math.max(share, 1 / (state.calls + 1));
    let most = 0;
    for (let at = 0; at < SHARES.length; at += 1) {
      const to = SHARES[at] as number;
      const before = table.get(row, UP + at);
      const sum = to < 1.5 * usual ? 0 : Math.min(CAP, cusum(before, started * bernoulliLogRatio(used, usual, to)));
      table.set(row, UP + at, sum);
      most = Math.max(most, sum);
    }
    if (most === 0 || (used && table.get(row, RUN_USED) === 0)) {
      table.set(row, ONSET, event.ts);
      for (let field = RUN_USED; field <= RUN_COST; field += 1) table.set(row, field, 0);
    }
    if (!used) {
      table.add(row, RUN_CALLS, 1);
      return;
    }
    table.add(row, RUN_CALLS, 1);
    table.add(row, RUN_USED, 1);
    // What the same tokens would have cost with the model that usually answers.
    const usualCost = this.#usualCost(moment, row);
    if (usualCost > 0 && event.cost > 0) table.add(row, RUN_COST, event.cost / usualCost);
    const threshold = usual > TUNING.models.knownShare ? TUNING.models.knownThreshold : TUNING.models.threshold;
    if (most > threshold) this.#found(moment, row, usual, most);
  }

  #usualCost({ event, stream }: Moment, row: number): number {
    const state = this.#streams[stream] as StreamModels;
    let main = -1;
    for (const other of state.rows) {
      if (other !== row && (main < 0 || this.#table.get(other, USED) > this.#table.get(main, USED))) main = other;
    }
    const price = main < 0 ? undefined : this.#prices.rowOf(this.#index.secondOf(main));
    if (price === undefined) return this.#deps.streams.usdACall(stream, event.ts) * PICO;
    return priceOf(price, { fresh: event.input - event.cached, cached: event.cached, output: event.output, cost: 0 });
  }

  #found({ event, stream }: Moment, row: number, usual: number, nats: number): void {
    const { streams, ids, report } = this.#deps;
    const table = this.#table;
    const dearer = table.get(row, RUN_COST) / Math.max(1, table.get(row, RUN_USED));
    const state = this.#streams[stream] as StreamModels;
    if (event.ts - table.get(row, ONSET) > TUNING.life.adoptMs) {
      // It has become normal: the shares are learnt again.
      state.frozenUntil = 0;
      for (let at = 0; at < SHARES.length; at += 1) table.set(row, UP + at, 0);
      return;
    }
    state.frozenUntil = event.ts + TUNING.life.repeatMs;
    if (dearer < TUNING.models.dearer) return;
    const scope = streamDims(this.#deps, stream);
    const name = ids.model.nameOf(event.model);
    const share = Math.min(1, table.get(row, RUN_USED) / Math.max(1, table.get(row, RUN_CALLS)));
    report({
      kind: 'model_swap',
      driver: 'model_mix',
      direction: 'up',
      ts: event.ts,
      onset: table.get(row, ONSET),
      dims: { ...scope, model: name },
      cause: { ...scope, model: name },
      stream,
      nats,
      metric: 'model_share',
      observed: share,
      expected: usual,
      usdAnHour: (streams.usdADay(stream, event.ts) / 24) * (dearer - 1) * Math.max(share, 0.5),
      brief: false,
      evidence: { model: name, cost_ratio: dearer.toFixed(2), usual_share: usual.toFixed(4) },
    });
  }
}
