import { cusum } from '../models/cusum.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';
import type { PriceWatch } from './price-watch.ts';
import { streamDims } from './stream-dims.ts';
import type { TokenWatch } from './token-watch.ts';

const O = TUNING.outputs;
const CALLS = 0;
const MEAN = 1;
const VARIANCE = 2;
const UP = 3;
const ONSET = UP + O.shifts.length;
const RUN_SUM = ONSET + 1;
const RUN_CALLS = ONSET + 2;
const FROZEN = ONSET + 3;
/** Part of the bill that output is. */
const SHARE = ONSET + 4;
const FIELDS = ONSET + 5;

/** Output tokens per request: answers that become longer, by a new prompt or for no reason that is seen. */
export class OutputWatch {
  readonly #deps: WatchDeps;
  readonly #prices: PriceWatch;
  readonly #tokens: TokenWatch;
  readonly #table = new RecordTable(FIELDS);

  constructor(deps: WatchDeps, prices: PriceWatch, tokens: TokenWatch) {
    this.#deps = deps;
    this.#prices = prices;
    this.#tokens = tokens;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    table: this.#table,
  });

  get bytes(): number {
    return this.#table.bytes;
  }

  forget(stream: number): void {
    if (stream < this.#table.rows) this.#table.clear(stream);
  }

  observe(moment: Moment): void {
    const { event, stream, continued } = moment;
    if (event.status !== 200 || event.output <= 0) return;
    const table = this.#table;
    table.reach(stream);
    const size = Math.log(event.output);
    const calls = table.get(stream, CALLS);
    const off = calls === 0 ? 0 : size - table.get(stream, MEAN);
    const variance = Math.max(O.leastVariance, table.get(stream, VARIANCE));
    if (calls > O.leastCalls) this.#test(moment, off, (1 - O.sessionShare * continued) / variance);
    if (table.get(stream, FROZEN) > event.ts) return;
    table.set(stream, CALLS, calls + 1);
    const rate = 1 / Math.min(O.memory, calls + 1);
    table.add(stream, MEAN, calls === 0 ? size : rate * off);
    table.add(stream, VARIANCE, rate * (off * off - table.get(stream, VARIANCE)));
    const price = this.#prices.rowOf(event.model);
    if (price === undefined || !(event.cost > 0)) return;
    table.add(stream, SHARE, rate * ((price.output * event.output) / event.cost - table.get(stream, SHARE)));
  }

  #test(moment: Moment, off: number, weight: number): void {
    const { event, stream } = moment;
    const table = this.#table;
    // One giant answer is not a change.
    const limit = O.clip * Math.sqrt(1 / weight);
    const clipped = Math.max(-limit, Math.min(limit, off));
    let most = 0;
    for (let at = 0; at < O.shifts.length; at += 1) {
      const shift = O.shifts[at] as number;
      // Half as much again is given away: what wanders must not add up.
      const sum = cusum(table.get(stream, UP + at), weight * shift * (clipped - 0.75 * shift));
      table.set(stream, UP + at, sum);
      most = Math.max(most, sum);
    }
    if (most === 0) {
      table.set(stream, ONSET, event.ts);
      table.set(stream, RUN_SUM, 0);
      table.set(stream, RUN_CALLS, 0);
    }
    table.add(stream, RUN_SUM, off);
    table.add(stream, RUN_CALLS, 1);
    if (most > O.threshold) this.#found(moment, most);
  }

  #found({ event, stream }: Moment, nats: number): void {
    const { streams, ids, report } = this.#deps;
    const table = this.#table;
    const onset = table.get(stream, ONSET);
    const shift = table.get(stream, RUN_SUM) / table.get(stream, RUN_CALLS);
    const usual = Math.exp(table.get(stream, MEAN) + table.get(stream, VARIANCE) / 2);
    const old = event.ts - onset > TUNING.life.adoptMs;
    table.set(stream, FROZEN, old ? 0 : event.ts + TUNING.life.repeatMs);
    if (old) {
      // It has become normal.
      table.add(stream, MEAN, shift);
      for (let at = 0; at < O.shifts.length; at += 1) table.set(stream, UP + at, 0);
      return;
    }
    const scope = streamDims(this.#deps, stream);
    const prompted = this.#tokens.promptSince(stream, event.prompt) > onset - O.promptMs;
    const dims = prompted ? { ...scope, prompt: ids.prompt.nameOf(event.prompt) } : scope;
    const share = table.get(stream, SHARE);
    report({
      kind: prompted ? 'prompt_change' : 'token_shift',
      driver: 'output_tokens',
      direction: 'up',
      ts: event.ts,
      onset,
      dims,
      cause: dims,
      stream,
      nats,
      metric: 'output_tokens_per_request',
      observed: usual * Math.exp(shift),
      expected: usual,
      usdAnHour: (streams.usdADay(stream, event.ts) / 24) * share * (Math.exp(shift) - 1),
      brief: false,
      evidence: { output_tokens_ratio: Math.exp(shift).toFixed(2) },
    });
  }
}
