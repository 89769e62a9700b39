import { DimensionIds } from './state/dimension-ids.ts';
import { loadParts, type Stored, type StoredParts, saveParts } from './state/stored.ts';

/** One attempt, priced. The names of its dimensions are numbers of `EventIds`, so that no text is hashed twice. */
export interface PricedEvent {
  ts: number;
  id: number;
  tenant: number;
  env: number;
  feature: number;
  user: number;
  provider: number;
  model: number;
  prompt: number;
  key: number;
  /** Cached ones included. */
  input: number;
  cached: number;
  output: number;
  status: number;
  /** 1 for the first try. */
  attempt: number;
  /** Which of the tariffs of its model priced it (`EventIds.tariff`): calls of one tariff cost the same rates until its price changes. */
  tariff: number;
  /** Whole pico-dollars: a float holds every amount below 9,007 dollars exactly. NaN: unpriced. */
  cost: number;
}

/** An event to be filled. */
export const newEvent = (): PricedEvent => ({
  ts: 0,
  id: 0,
  tenant: 0,
  env: 0,
  feature: 0,
  user: 0,
  provider: 0,
  model: 0,
  prompt: 0,
  key: 0,
  input: 0,
  cached: 0,
  output: 0,
  status: 200,
  attempt: 1,
  tariff: 0,
  cost: Number.NaN,
});

export const DIMENSIONS = ['tenant', 'env', 'feature', 'user', 'provider', 'model', 'prompt', 'key'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export type Dims = Partial<Record<Dimension, string>>;

/** The names behind the numbers of an event. */
export class EventIds implements Stored {
  readonly tenant = new DimensionIds();
  readonly env = new DimensionIds();
  readonly feature = new DimensionIds();
  readonly user = new DimensionIds();
  readonly provider = new DimensionIds();
  readonly model = new DimensionIds();
  readonly prompt = new DimensionIds();
  readonly key = new DimensionIds();
  readonly tariff = new DimensionIds();

  save(): unknown {
    return saveParts(this.#parts());
  }

  load(saved: unknown): void {
    loadParts(this.#parts(), saved);
  }

  #parts(): StoredParts {
    return Object.fromEntries([...DIMENSIONS, 'tariff' as const].map((name) => [name, this[name]]));
  }
}
