import { inferPriceRow, type PriceRow, type PriceSample, priceOf, ROUNDING_PICO } from '../models/price-row.ts';
import { type Stored, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { Moment, WatchDeps } from './moment.ts';

interface ModelPrice {
  row: PriceRow | undefined;
  /** The rates that were last in force for long. */
  book: PriceRow | undefined;
  /** Events that the row has explained. */
  explained: number;
  samples: PriceSample[];
  usd: number;
  since: number;
}

const PICO = 1e12;
const HOUR_MS = 3_600_000;
/** More models, and tariffs of models, than this are not told apart. */
const MODELS_MAX = 10_000;
const TARIFFS_MAX = 65_536;

/** The rates of each model, read off its events: the first one that they do not explain is news. */
export class PriceWatch {
  readonly #deps: WatchDeps;
  /** By model and tariff. */
  #models = new Map<number, ModelPrice>();
  /** The tariff of each model that last explained a call. */
  #usual = new Map<number, number>();

  /** What a snapshot holds. */
  readonly stored: Stored = storedValue(
    () => ({ models: this.#models, usual: this.#usual }),
    ({ models, usual }) => {
      this.#models = models;
      this.#usual = usual;
    },
  );

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** Rates of a model, when they are known. */
  rowOf(model: number): PriceRow | undefined {
    return this.#priceOf(model)?.row;
  }

  /** Rates to compare with: those before a change, until the new ones have been in force for as many calls. */
  bookOf(model: number): PriceRow | undefined {
    const price = this.#priceOf(model);
    return price?.book ?? price?.row;
  }

  #priceOf = (model: number): ModelPrice | undefined => this.#models.get(this.#usual.get(model) ?? -1);

  observe({ event }: Moment): void {
    if (Number.isNaN(event.cost) && event.input + event.output > 0) this.#unpriced(event);
    if (Number.isNaN(event.cost) || event.cost === 0) return;
    const key = event.model * TARIFFS_MAX + (event.tariff % TARIFFS_MAX);
    let price = this.#models.get(key);
    if (price === undefined) {
      if (this.#models.size >= MODELS_MAX) return;
      price = { row: undefined, book: undefined, explained: 0, samples: [], usd: 0, since: event.ts };
      this.#models.set(key, price);
    }
    price.usd += event.cost / PICO;
    const sample = { fresh: event.input - event.cached, cached: event.cached, output: event.output, cost: event.cost };
    if (price.row !== undefined) {
      const expected = priceOf(price.row, sample);
      if (Math.abs(expected - event.cost) <= ROUNDING_PICO) {
        price.explained += 1;
        this.#usual.set(event.model, key);
        if (price.explained === TUNING.prices.leastCalls) price.book = price.row;
        return;
      }
      const ratio = event.cost / expected;
      if (price.explained >= TUNING.prices.leastCalls && Math.abs(ratio - 1) > TUNING.prices.change) {
        this.#found(event, price, ratio);
      }
      price.row = undefined;
      price.explained = 0;
      price.samples = [];
    }
    price.samples.push(sample);
    if (price.samples.length < TUNING.prices.samples) return;
    price.row = inferPriceRow(price.samples);
    // A row that once was known is believed at once when it comes back.
    if (price.row === undefined) price.samples.shift();
    else {
      price.samples = [];
      this.#usual.set(event.model, key);
    }
  }

  #unpriced(event: Moment['event']): void {
    const { ids, report } = this.#deps;
    const dims = { provider: ids.provider.nameOf(event.provider), model: ids.model.nameOf(event.model) };
    report({
      kind: 'unpriced_model',
      driver: 'price',
      direction: 'up',
      ts: event.ts,
      onset: event.ts,
      dims,
      cause: dims,
      stream: -1,
      nats: 0,
      metric: 'unpriced_requests',
      observed: 1,
      expected: 0,
      usdAnHour: 0,
      brief: false,
      evidence: {},
    });
  }

  #found(event: Moment['event'], price: ModelPrice, ratio: number): void {
    const { ids, report } = this.#deps;
    const dims = { provider: ids.provider.nameOf(event.provider), model: ids.model.nameOf(event.model) };
    const hours = Math.max(1, (event.ts - price.since) / HOUR_MS);
    report({
      kind: 'price_change',
      driver: 'price',
      direction: ratio > 1 ? 'up' : 'down',
      ts: event.ts,
      onset: event.ts,
      dims,
      cause: dims,
      stream: -1,
      nats: Math.log(price.explained),
      metric: 'price_ratio',
      observed: ratio,
      expected: 1,
      usdAnHour: (price.usd / hours) * Math.abs(ratio - 1),
      brief: false,
      evidence: { price: `x${ratio.toFixed(3)}`, explained_before: String(price.explained) },
    });
  }
}
