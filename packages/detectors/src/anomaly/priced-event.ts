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

export interface EventIdsOptions {
  /** Events that may be between their reading and the detector. */
  readonly waitingMax?: number;
}

/** Names of one dimension at once. Past them every new name is one and the same. */
const NAMES_MAX = 4_000_000;
const FEW_NAMES_MAX = 200_000;
/** A stream is found by tenant × 4,096 + environment. */
const ENVS_MAX = 4_000;

/** The names behind the numbers of an event. Users and prompts that the detector keeps nothing of any more make room for others. */
export class EventIds implements Stored {
  readonly tenant: DimensionIds;
  readonly env: DimensionIds;
  readonly feature: DimensionIds;
  readonly user: DimensionIds;
  readonly provider: DimensionIds;
  readonly model: DimensionIds;
  readonly prompt: DimensionIds;
  readonly key: DimensionIds;
  readonly tariff: DimensionIds;

  constructor({ waitingMax = 1_000_000 }: EventIdsOptions = {}) {
    const names = (namesMax: number): DimensionIds => new DimensionIds({ namesMax, reuseAfter: waitingMax });
    this.tenant = names(FEW_NAMES_MAX);
    this.env = names(ENVS_MAX);
    this.feature = names(FEW_NAMES_MAX);
    this.user = names(NAMES_MAX);
    this.provider = names(FEW_NAMES_MAX);
    this.model = names(FEW_NAMES_MAX);
    this.prompt = names(NAMES_MAX);
    this.key = names(NAMES_MAX);
    this.tariff = names(FEW_NAMES_MAX);
  }

  /** About as many as the tables and names take. */
  get bytes(): number {
    return DIMENSIONS.reduce((sum, name) => sum + this[name].bytes, 0);
  }

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
