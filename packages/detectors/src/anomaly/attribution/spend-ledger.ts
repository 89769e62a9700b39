import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import type { Moment } from '../watch/moment.ts';
import type { PriceWatch } from '../watch/price-watch.ts';
import type { Streams } from '../watch/streams.ts';
import { decompose, type ModelChange, type ModelUse, SPEND_DRIVERS, type SpendParts } from './decompose.ts';

/** Calls that are kept of each stream: the last ones, in whole numbers, so that what they cost is exact. */
const RECENT = 64;
const TS = 0;
const ID = 1;
const USER = 2;
const PROVIDER = 3;
const MODEL = 4;
const ATTEMPT = 5;
const INPUT = 6;
const CACHED = 7;
const OUTPUT = 8;
const COST = 9;
const SLOT = 10;
const HEAD = RECENT * SLOT;
const RECENT_FIELDS = HEAD + 1;

/** Per stream and model, fading over a week: what is usual. */
const REQUESTS = 0;
const ATTEMPTS = 1;
const B_INPUT = 2;
const B_CACHED = 3;
const B_OUTPUT = 4;
const B_COST = 5;
const AT = 6;
const OF_PROVIDER = 7;
const USUAL_FIELDS = 8;

const HOUR_MS = 3_600_000;
const MEMORY_MS = 7 * 24 * HOUR_MS;
const LEAST_SPAN_MS = 60_000;
const SAMPLES = 5;
/** Models of one stream whose usual spend is known; what others cost is news. */
const MODELS_MAX = 32;

/** Which of the calls of a stream an explanation is about; undefined is any. */
export interface SpendScope {
  readonly streams: readonly number[];
  readonly since: number;
  readonly until: number;
  readonly provider?: number;
  readonly model?: number;
}

export interface Explanation {
  /** Of the calls that are kept, since the onset. */
  readonly spanMs: number;
  readonly calls: number;
  /** Pico-dollars in the span. */
  readonly usual: bigint;
  readonly now: bigint;
  readonly parts: SpendParts;
  /** Input tokens an attempt. */
  readonly inputBefore: number;
  readonly inputNow: number;
  readonly sampleIds: readonly number[];
  /** The model that most of the money goes to, now. */
  readonly model: number;
}

/** What each stream spends as a rule and what its last calls cost: enough to explain a change exactly. */
export class SpendLedger {
  readonly #streams: Streams;
  readonly #prices: PriceWatch;
  readonly #recent = new RecordTable(RECENT_FIELDS);
  readonly #index = new KeyIndex();
  readonly #usual = new RecordTable(USUAL_FIELDS);
  #models: number[][] = [];

  constructor(streams: Streams, prices: PriceWatch) {
    this.#streams = streams;
    this.#prices = prices;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    recent: this.#recent,
    index: this.#index,
    usual: this.#usual,
    models: storedValue(
      () => this.#models,
      (models) => {
        this.#models = models;
      },
    ),
  });

  get bytes(): number {
    return this.#recent.bytes + this.#usual.bytes + this.#index.bytes;
  }

  forget(stream: number): void {
    if (stream < this.#recent.rows) this.#recent.clear(stream);
    for (const model of this.#models[stream] ?? []) {
      const row = this.#index.find(stream, model);
      this.#usual.clear(row);
      this.#index.delete(row);
    }
    delete this.#models[stream];
  }

  /** An attempt, retries among them, that may teach what is usual. */
  learn({ event, stream }: Moment): void {
    const cost = Number.isNaN(event.cost) ? 0 : event.cost;
    const table = this.#usual;
    let row = this.#index.find(stream, event.model);
    if (row < 0) {
      const models = this.#models[stream] ?? [];
      if (models.length >= MODELS_MAX) return;
      this.#models[stream] = [...models, event.model];
      row = this.#index.rowOf(stream, event.model);
      table.reach(row);
      table.set(row, OF_PROVIDER, event.provider);
      table.set(row, AT, event.ts);
    }
    this.#fade(row, event.ts);
    if (event.attempt === 1) table.add(row, REQUESTS, 1);
    table.add(row, ATTEMPTS, 1);
    table.add(row, B_INPUT, event.input);
    table.add(row, B_CACHED, event.cached);
    table.add(row, B_OUTPUT, event.output);
    table.add(row, B_COST, cost);
  }

  /** Any attempt, before the tests look at it: they explain themselves by it. */
  keep({ event, stream }: Moment): void {
    const cost = Number.isNaN(event.cost) ? 0 : event.cost;
    const table = this.#recent;
    table.reach(stream);
    const head = table.get(stream, HEAD);
    table.set(stream, HEAD, head + 1);
    const at = (head % RECENT) * SLOT;
    table.set(stream, at + TS, event.ts);
    table.set(stream, at + ID, event.id);
    table.set(stream, at + USER, event.user);
    table.set(stream, at + PROVIDER, event.provider);
    table.set(stream, at + MODEL, event.model);
    table.set(stream, at + ATTEMPT, event.attempt);
    table.set(stream, at + INPUT, event.input);
    table.set(stream, at + CACHED, event.cached);
    table.set(stream, at + OUTPUT, event.output);
    table.set(stream, at + COST, cost);
  }

  /** Sums fade once an hour, not at every call. */
  #fade(row: number, ts: number): void {
    const table = this.#usual;
    const age = ts - table.get(row, AT);
    if (age < HOUR_MS) return;
    const kept = Math.exp(-age / MEMORY_MS);
    for (let field = REQUESTS; field <= B_COST; field += 1) table.set(row, field, table.get(row, field) * kept);
    table.set(row, AT, ts);
  }

  /** Undefined when none of the calls that are kept is in the scope. */
  explain(scope: SpendScope): Explanation | undefined {
    const slots = scope.streams.flatMap((stream) => this.#slotsOf(stream, scope));
    if (slots.length === 0) return undefined;
    const first = slots.reduce(
      (least, { stream, at }) => Math.min(least, this.#recent.get(stream, at + TS)),
      scope.until,
    );
    const spanMs = Math.max(LEAST_SPAN_MS, scope.until - first);
    const changes = scope.streams.flatMap((stream) => this.#changesOf(stream, slots, spanMs, scope));
    const sum = (pick: (change: ModelChange) => number): number => changes.reduce((total, one) => total + pick(one), 0);
    const dearest = slots.reduce((best, one) => (this.#costOf(one) > this.#costOf(best) ? one : best));
    return {
      spanMs,
      calls: slots.length,
      usual: changes.reduce((total, { before }) => total + before.cost, 0n),
      now: changes.reduce((total, { after }) => total + after.cost, 0n),
      parts: this.#partsOf(scope.streams, slots, spanMs, scope),
      inputBefore:
        sum(({ before }) => before.input) /
        Math.max(
          1e-9,
          sum(({ before }) => before.attempts),
        ),
      inputNow:
        sum(({ after }) => after.input) /
        Math.max(
          1,
          sum(({ after }) => after.attempts),
        ),
      sampleIds: [...slots]
        .sort((a, b) => this.#costOf(b) - this.#costOf(a))
        .slice(0, SAMPLES)
        .map(({ stream, at }) => this.#recent.get(stream, at + ID)),
      model: this.#recent.get(dearest.stream, dearest.at + MODEL),
    };
  }

  #partsOf(streams: readonly number[], slots: readonly Slot[], spanMs: number, scope: SpendScope): SpendParts {
    const total = Object.fromEntries(SPEND_DRIVERS.map((driver) => [driver, 0n])) as SpendParts;
    for (const stream of streams) {
      const parts = decompose(this.#changesOf(stream, slots, spanMs, scope));
      for (const driver of SPEND_DRIVERS) total[driver] += parts[driver];
    }
    return total;
  }

  #costOf = ({ stream, at }: Slot): number => this.#recent.get(stream, at + COST);

  #slotsOf(stream: number, { since, until, provider, model }: SpendScope): Slot[] {
    const table = this.#recent;
    if (stream >= table.rows) return [];
    const found: Slot[] = [];
    const head = table.get(stream, HEAD);
    for (let turn = Math.max(0, head - RECENT); turn < head; turn += 1) {
      const at = (turn % RECENT) * SLOT;
      const ts = table.get(stream, at + TS);
      const within = ts >= since && ts <= until;
      const named =
        (provider === undefined || table.get(stream, at + PROVIDER) === provider) &&
        (model === undefined || table.get(stream, at + MODEL) === model);
      if (within && named) found.push({ stream, at });
    }
    return found;
  }

  #changesOf(
    stream: number,
    slots: readonly Slot[],
    spanMs: number,
    { model: only, provider }: SpendScope,
  ): ModelChange[] {
    const own = slots.filter((slot) => slot.stream === stream);
    const usual = (this.#models[stream] ?? []).filter(
      (model) => provider === undefined || this.#usual.get(this.#index.find(stream, model), OF_PROVIDER) === provider,
    );
    const models = new Set([...usual, ...own.map(({ at }) => this.#recent.get(stream, at + MODEL))]);
    return [...models]
      .filter((model) => only === undefined || model === only)
      .map((model) => ({
        before: this.#usualUse(stream, model, spanMs),
        after: this.#useOf(own.filter(({ at }) => this.#recent.get(stream, at + MODEL) === model)),
        rates: this.#prices.bookOf(model),
      }));
  }

  #useOf(slots: readonly Slot[]): ModelUse {
    const sum = (field: number): number =>
      slots.reduce((total, { stream, at }) => total + this.#recent.get(stream, at + field), 0);
    return {
      requests: slots.filter(({ stream, at }) => this.#recent.get(stream, at + ATTEMPT) === 1).length,
      attempts: slots.length,
      input: sum(INPUT),
      cached: sum(CACHED),
      output: sum(OUTPUT),
      cost: slots.reduce((total, slot) => total + BigInt(Math.round(this.#costOf(slot))), 0n),
    };
  }

  /** What the stream does with a model in such a span, at this hour of the week. */
  #usualUse(stream: number, model: number, spanMs: number): ModelUse {
    const row = this.#index.find(stream, model);
    if (row < 0) return { requests: 0, attempts: 0, input: 0, cached: 0, output: 0, cost: 0n };
    const table = this.#usual;
    const all = (this.#models[stream] ?? []).reduce(
      (sum, other) => sum + table.get(this.#index.find(stream, other), REQUESTS),
      0,
    );
    const expected = this.#streams.expectedCalls(stream, spanMs, table.get(row, AT));
    const scale = all === 0 ? 0 : expected / all;
    return {
      requests: table.get(row, REQUESTS) * scale,
      attempts: table.get(row, ATTEMPTS) * scale,
      input: table.get(row, B_INPUT) * scale,
      cached: table.get(row, B_CACHED) * scale,
      output: table.get(row, B_OUTPUT) * scale,
      cost: BigInt(Math.round(table.get(row, B_COST) * scale)),
    };
  }
}

interface Slot {
  readonly stream: number;
  readonly at: number;
}
