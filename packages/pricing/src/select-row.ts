import { remembered } from '@weir/kernel';
import type { CompiledModel, CompiledProvider, CompiledRow, Endpoint, NamedModel } from './compile-price-book.ts';
import type { CompiledRates } from './compile-rates.ts';

/** Words of providers for the tiers of the book; a word that is not here is a tier of that name. */
const TIER_WORDS: ReadonlyMap<string, string> = new Map([
  ['', 'standard'],
  ['default', 'standard'],
  ['auto', 'standard'],
  ['on_demand', 'standard'],
  ['standard_only', 'standard'],
  ['unspecified', 'standard'],
  ['service_tier_unspecified', 'standard'],
  ['traffic_type_unspecified', 'standard'],
  ['on_demand_flex', 'flex'],
  ['on_demand_priority', 'priority'],
]);

/** What decides between the rows of one model. */
export interface RowQuery {
  readonly tier: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly endpoint: Endpoint;
  /** Lower case; '' when unknown. */
  readonly region: string;
}

export interface SelectedRow {
  /** null when no row applies. */
  readonly row: CompiledRow | null;
  /** Why there is none; '' when there is one. */
  readonly reason: string;
  /** True when an announced, not yet confirmed row should have taken over by then. */
  readonly announced: boolean;
}

/** The book's name for a provider's service-tier word. */
export function tierOf(word: string, provider: CompiledProvider | undefined): string {
  if (word === '' || word === 'standard') return 'standard';
  const key = word.trim().toLowerCase().replaceAll('-', '_');
  return provider?.tiers.get(key) ?? TIER_WORDS.get(key) ?? key;
}

/** The model that a name meant at a time; undefined when it meant none. */
export function modelAt(named: readonly NamedModel[], at: number): CompiledModel | undefined {
  for (const period of named) if (period.from <= at && at < period.to) return period.model;
  return undefined;
}

/** The row in force: [valid_from, valid_to), then the most specific of scope and daily window. */
export function selectRow(model: CompiledModel, query: RowQuery): SelectedRow {
  const rows = model.rowsByTier.get(query.tier);
  if (rows === undefined) return { row: null, reason: 'no_rate_for_tier', announced: false };
  let best: CompiledRow | null = null;
  let bestScore = -1;
  let announced = false;
  for (const row of rows) {
    if (query.at < row.from || query.at >= row.to) continue;
    if (row.announced) {
      announced = true;
      continue;
    }
    const score = specificity(row, query);
    if (score > bestScore) {
      best = row;
      bestScore = score;
    }
  }
  return { row: best, reason: best === null ? 'no_rate_at_time' : '', announced };
}

/** Rates for a request of `inputTokens` in all: cached ones count, output never does. */
export function ratesAt(row: CompiledRow, inputTokens: number): CompiledRates {
  for (const tier of row.context) if (inputTokens >= tier.fromTokens) return tier.rates;
  return row.rates;
}

/** -1 when the row does not apply. */
function specificity(row: CompiledRow, query: RowQuery): number {
  let score = 0;
  if (row.endpoints !== null) {
    if (!row.endpoints.has(query.endpoint)) return -1;
    score += 4;
  }
  if (row.regions !== null) {
    if (!row.regions.has(query.region)) return -1;
    score += 2;
  }
  if (row.windows !== null) {
    if (!isWithin(row, query.at)) return -1;
    score += 1;
  }
  return score;
}

function isWithin(row: CompiledRow, moment: number): boolean {
  const at = row.tz === '' ? moment : moment + zoneOffset(row.tz, moment);
  const days = Math.floor(at / 86_400_000);
  // 1970-01-01 was a Thursday, ISO weekday 4.
  const weekday = ((((days + 3) % 7) + 7) % 7) + 1;
  if (row.weekdays !== null && !row.weekdays.has(weekday)) return false;
  const minute = Math.floor((at - days * 86_400_000) / 60_000);
  return (row.windows ?? []).some(([start, end]) =>
    start < end ? minute >= start && minute < end : minute >= start || minute < end,
  );
}

const formats = remembered(
  64,
  (timeZone) =>
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }),
);

/** How far the clocks of a zone are ahead of UTC at a moment, ms. */
function zoneOffset(timeZone: string, moment: number): number {
  const parts = new Map(
    formats(timeZone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(moment / 1_000) * 1_000;
}
