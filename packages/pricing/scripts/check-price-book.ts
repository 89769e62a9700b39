import type {
  DatedAliasEntry,
  FxEntry,
  PriceBookDocument,
  PriceRowEntry,
  RateEntries,
  RateEntry,
} from '../src/price-book-format.ts';
import { compareRates } from './decimal-text.ts';
import { rateEntries } from './draft-book.ts';

export interface BookFindings {
  /** A book with one of these must not be published. */
  readonly errors: readonly string[];
  /** Worth a look; the source says so. */
  readonly notices: readonly string[];
}

const TOKEN_LIMIT: RateEntry = ['1000', 1_000_000];
const UNIT_LIMIT: RateEntry = ['100', 1];

/** Magnitudes, cache reads not above input, no two rows for one moment, no gaps in time, names with one owner. */
export function checkPriceBook(book: PriceBookDocument): BookFindings {
  const errors: string[] = [];
  const notices: string[] = [];
  const groups = new Map<string, PriceRowEntry[]>();
  const ids = new Set<string>();
  for (const row of book.rows) {
    if (ids.has(row.id)) errors.push(`${row.id}: the id is not unique`);
    ids.add(row.id);
    for (const rates of [row.rates, ...(row.context ?? []).map((tier) => tier.rates)])
      checkRates(row, rates, errors, notices);
    checkContext(row, errors);
    checkCurrency(row, book.fx ?? [], errors);
    if (row.superseded_by !== undefined) {
      const next = book.rows.find(({ id }) => id === row.superseded_by);
      const same = next?.provider === row.provider && next.model === row.model && next.tier === row.tier;
      if (!same) errors.push(`${row.id}: is superseded by ${row.superseded_by}, which is no row of its model and tier`);
      continue;
    }
    if (row.status === 'announced') continue;
    const key = JSON.stringify([row.provider, row.model, row.tier, row.scope ?? null, row.when ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const rows of groups.values()) checkPeriods(rows, errors, notices);
  checkNames(book, errors);
  return { errors, notices };
}

function checkRates(row: PriceRowEntry, rates: RateEntries, errors: string[], notices: string[]): void {
  for (const [unit, rate] of rateEntries(rates)) {
    const limit = rate[1] === 1_000_000 && unit !== 'character' ? TOKEN_LIMIT : UNIT_LIMIT;
    if (compareRates(rate, limit) > 0) errors.push(`${row.id}: ${unit} of ${rate[0]} per ${rate[1]} is out of range`);
  }
  const { input, output } = rates;
  for (const [cached, fresh] of [
    ['cache_read', 'input'],
    ['cache_read_audio', 'input_audio'],
    ['cache_read_image', 'input_image'],
  ] as const) {
    const [read, whole] = [rates[cached], rates[fresh]];
    if (read !== undefined && whole !== undefined && compareRates(read, whole) > 0)
      errors.push(`${row.id}: ${cached} exceeds ${fresh}`);
  }
  if (input === undefined) return;
  if (output !== undefined && compareRates(output, input) < 0) notices.push(`${row.id}: output is below input`);
}

/** Two tiers for one length would leave the price to chance. */
function checkContext(row: PriceRowEntry, errors: string[]): void {
  const starts = (row.context ?? []).map(({ threshold, inclusive }) => (inclusive ? threshold : threshold + 1));
  if (new Set(starts).size < starts.length) errors.push(`${row.id}: two context tiers start at the same length`);
}

/** A row in another currency has a price only where an exchange rate holds. */
function checkCurrency(row: PriceRowEntry, fx: readonly FxEntry[], errors: string[]): void {
  const { currency = 'USD' } = row;
  if (currency !== 'USD' && !fx.some((rate) => rate.currency === currency))
    errors.push(`${row.id}: is in ${currency}, for which there is no exchange rate`);
}

function checkPeriods(rows: readonly PriceRowEntry[], errors: string[], notices: string[]): void {
  const sorted = [...rows].sort((left, right) => startOf(left) - startOf(right));
  for (const [index, row] of sorted.entries()) {
    const next = sorted[index + 1];
    if (row.to !== null && row.from !== null && Date.parse(row.to) <= startOf(row))
      errors.push(`${row.id}: ends before it starts`);
    if (next === undefined) continue;
    const end = row.to === null ? Infinity : Date.parse(row.to);
    if (end > startOf(next)) errors.push(`${row.id}: overlaps ${next.id}`);
    if (end < startOf(next)) notices.push(`${row.id}: no price until ${next.id}`);
  }
}

function checkNames(book: PriceBookDocument, errors: string[]): void {
  const owner = new Map<string, string>();
  const priced = new Set(book.rows.map((row) => `${row.provider}/${row.model}`));
  const providers = new Set(book.providers.map((provider) => provider.id));
  for (const model of book.models) {
    if (!providers.has(model.provider)) errors.push(`${model.provider}/${model.id}: the provider is not in the table`);
    if (!priced.has(`${model.provider}/${model.id}`)) errors.push(`${model.provider}/${model.id}: has no row`);
    for (const name of [model.id, ...model.aliases]) {
      const key = `${model.provider}/${name}`;
      const other = owner.get(key);
      if (other !== undefined) errors.push(`${key}: names both ${other} and ${model.id}`);
      if (name !== name.toLowerCase().trim()) errors.push(`${key}: is not lower case`);
      owner.set(key, model.id);
    }
  }
  checkDatedNames(book, owner, errors);
}

/** A name that moves means one model at a time, and is no one's for good. */
function checkDatedNames(book: PriceBookDocument, owner: ReadonlyMap<string, string>, errors: string[]): void {
  const periods = new Map<string, (DatedAliasEntry & { readonly model: string })[]>();
  for (const { provider, id, dated = [] } of book.models) {
    for (const period of dated) {
      const key = `${provider}/${period.alias}`;
      periods.set(key, [...(periods.get(key) ?? []), { ...period, model: id }]);
      const other = owner.get(key);
      if (other !== undefined) errors.push(`${key}: names ${id} for a time, and ${other} always`);
    }
  }
  for (const [key, list] of periods) {
    const sorted = [...list].sort((left, right) => startOf(left) - startOf(right));
    for (const [index, period] of sorted.entries()) {
      const next = sorted[index + 1];
      if (next === undefined) continue;
      const end = period.to === null ? Infinity : Date.parse(period.to);
      if (end > startOf(next))
        errors.push(`${key}: names both ${period.model} and ${next.model} at ${next.from ?? 'first'}`);
      if (end < startOf(next)) errors.push(`${key}: names nothing between ${period.model} and ${next.model}`);
    }
  }
}

const startOf = ({ from }: { readonly from: string | null }): number => (from === null ? -Infinity : Date.parse(from));
