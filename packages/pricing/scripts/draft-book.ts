import type {
  ContextTierEntry,
  DatedAliasEntry,
  PriceRowEntry,
  RateEntries,
  RateEntry,
  RateUnit,
} from '../src/price-book-format.ts';

export type DraftRates = Partial<Record<RateUnit, RateEntry>>;

export interface DraftRow
  extends Omit<
    PriceRowEntry,
    'recorded' | 'superseded_by' | 'id' | 'provider' | 'model' | 'rates' | 'context' | 'from' | 'to'
  > {
  from: string | null;
  to: string | null;
  rates: DraftRates;
  context?: (Omit<ContextTierEntry, 'rates'> & { rates: DraftRates })[];
}

/** A model while the book is being put together. */
export interface DraftModel {
  readonly provider: string;
  id: string;
  readonly aliases: Set<string>;
  readonly dated: DatedAliasEntry[];
  readonly patterns: Set<string>;
  dates: boolean;
  rows: DraftRow[];
}

export type DraftBook = Map<string, DraftModel>;

export function createDraft(provider: string, id: string): DraftModel {
  return { provider, id, aliases: new Set(), dated: [], patterns: new Set(), dates: false, rows: [] };
}

/** The model of `provider/id`. @throws Error when the overlay names one that does not exist. */
export function draftOf(book: DraftBook, key: string): DraftModel {
  const model = book.get(key);
  if (model === undefined) throw new Error(`the overlay names ${key}, which is not in the book`);
  return model;
}

const TOKEN_UNITS: ReadonlySet<string> = new Set([
  'input',
  'output',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'cache_write',
  'reasoning',
  'input_audio',
  'output_audio',
  'cache_read_audio',
  'input_image',
  'output_image',
  'cache_read_image',
  'input_video',
  'citation',
]);

export function isTokenUnit(unit: string): boolean {
  return TOKEN_UNITS.has(unit);
}

export function rateEntries(rates: RateEntries): [RateUnit, RateEntry][] {
  return Object.entries(rates) as [RateUnit, RateEntry][];
}
