import { multiplyDecimals } from '../src/decimals.ts';
import type { RateUnit } from '../src/price-book-format.ts';
import { createDraft, type DraftBook, type DraftModel, type DraftRates, type DraftRow, draftOf } from './draft-book.ts';
import type { Overlay } from './overlay-format.ts';

/** Applies the corrections of standard prices and names; tiers and uplifts follow in derive-rows.ts. */
export function applyOverlay(book: DraftBook, overlay: Overlay): void {
  for (const { model } of overlay.drop) {
    draftOf(book, model);
    book.delete(model);
  }
  for (const { model, to } of overlay.rename) rename(book, model, to);
  for (const entry of overlay.models) {
    const draft = addModel(book, entry.model);
    for (const alias of entry.aliases) draft.aliases.add(alias);
    draft.rows.push({ ...STANDARD, rates: entry.rates, confidence: entry.confidence });
  }
  for (const { from, to } of overlay.copies) copyModel(book, from, to);
  for (const { model, rows } of overlay.periods) {
    draftOf(book, model).rows = rows.map((row) => ({
      ...STANDARD,
      ...row,
      from: row.from ?? null,
      to: row.to ?? null,
    }));
  }
  for (const { model, add = [], remove = [], patterns = [] } of overlay.aliases) {
    const draft = draftOf(book, model);
    for (const alias of add) draft.aliases.add(alias);
    for (const alias of remove) draft.aliases.delete(alias);
    for (const pattern of patterns) draft.patterns.add(pattern);
  }
  for (const { provider, alias, periods } of overlay.dated_aliases) {
    for (const { model, from, to } of periods) {
      const draft = draftOf(book, `${provider}/${model}`);
      draft.aliases.delete(alias);
      draft.dated.push({ alias, from, to });
    }
  }
  for (const set of overlay.sets) {
    forRows(book, set, (row) => {
      row.rates = set.replace === true ? { ...row.rates, ...set.rates } : { ...set.rates, ...row.rates };
    });
  }
  for (const { units, ...selector } of overlay.same_as) {
    forRows(book, selector, (row) => {
      for (const rates of [row.rates, ...(row.context ?? []).map((tier) => tier.rates)]) copyUnits(rates, units);
    });
  }
  for (const entry of overlay.context) addContext(book, entry);
}

const STANDARD: Omit<DraftRow, 'rates' | 'confidence'> = {
  tier: 'standard',
  from: null,
  to: null,
  status: 'active',
  source: 'overlay',
};

/** The models of a provider whose id matches. @throws Error when none does: the overlay is out of date. */
export function selectModels(book: DraftBook, provider: string, models: string): DraftModel[] {
  const pattern = new RegExp(models);
  const found = [...book.values()].filter((model) => model.provider === provider && pattern.test(model.id));
  if (found.length === 0) throw new Error(`the overlay selects ${provider} ${models}, which matches no model`);
  return found;
}

function forRows(
  book: DraftBook,
  selector: { provider: string; models: string },
  change: (row: DraftRow) => void,
): void {
  for (const model of selectModels(book, selector.provider, selector.models)) for (const row of model.rows) change(row);
}

function addModel(book: DraftBook, key: string): DraftModel {
  if (book.has(key)) throw new Error(`the overlay adds ${key}, which the source has now; use periods to correct it`);
  const slash = key.indexOf('/');
  const draft = createDraft(key.slice(0, slash), key.slice(slash + 1));
  book.set(key, draft);
  return draft;
}

function rename(book: DraftBook, key: string, to: string): void {
  const draft = draftOf(book, key);
  book.delete(key);
  draft.aliases.delete(draft.id);
  draft.id = to;
  book.set(`${draft.provider}/${to}`, draft);
}

function copyModel(book: DraftBook, from: string, to: string): void {
  const source = draftOf(book, from);
  const copy = addModel(book, to);
  for (const alias of source.aliases) copy.aliases.add(alias);
  copy.dates = source.dates;
  copy.rows = source.rows.map((row) => {
    // Searches are sold by the vendor's own API only.
    const { web_search: _, ...rates } = row.rates;
    return { ...row, rates, source: `overlay, as ${from}` };
  });
}

function copyUnits(rates: DraftRates, units: Readonly<Record<string, string>>): void {
  for (const [to, from] of Object.entries(units) as [RateUnit, RateUnit][]) {
    const rate = rates[from];
    if (rate !== undefined) rates[to] ??= rate;
  }
}

function addContext(book: DraftBook, entry: Overlay['context'][number]): void {
  for (const model of selectModels(book, entry.provider, entry.models)) {
    model.rows = model.rows.flatMap((row): DraftRow[] => {
      const rates: DraftRates = { ...row.rates };
      for (const [unit, factor] of Object.entries(entry.factors) as [RateUnit, string][]) {
        const rate = row.rates[unit];
        if (rate !== undefined) rates[unit] = [multiplyDecimals(rate[0], factor), rate[1]];
      }
      // Images that cost what text costs do so above the threshold too.
      if (rates.input_image !== undefined && rates.input !== undefined) rates.input_image = rates.input;
      if (rates.cache_read_image !== undefined && rates.cache_read !== undefined) {
        rates.cache_read_image = rates.cache_read;
      }
      const context = [{ threshold: entry.threshold, inclusive: entry.inclusive, rates }];
      if (entry.to === undefined) return [{ ...row, context }];
      return [
        { ...row, to: entry.to, context },
        { ...row, from: entry.to },
      ];
    });
  }
}
