import { multiplyDecimals } from '../src/decimals.ts';
import type { RateEntry, RateUnit } from '../src/price-book-format.ts';
import { selectModels } from './apply-overlay.ts';
import { compareRates } from './decimal-text.ts';
import { type DraftBook, type DraftRates, type DraftRow, draftOf, isTokenUnit, rateEntries } from './draft-book.ts';
import type { Overlay, TierEntry } from './overlay-format.ts';

const PER_TOKEN_MILLION = 1_000_000;

/** Adds the rows of service tiers and of priced scopes, which repeat standard rows at other rates. */
export function deriveRows(book: DraftBook, overlay: Overlay): void {
  for (const entry of overlay.tiers) addTier(book, entry);
  for (const rule of overlay.tier_rules) {
    for (const model of selectModels(book, rule.provider, rule.models)) {
      if (model.rows.some((row) => row.tier === rule.tier)) continue;
      const standard = model.rows.filter((row) => row.tier === 'standard' && row.rates.input !== undefined);
      const { tier, factor, keep, confidence, why } = rule;
      model.rows.push(...standard.map((row) => ({ ...scaleRow(row, factor, keep), tier, confidence, source: why })));
    }
  }
  for (const { provider, models, factor, scope, why } of overlay.uplifts) {
    for (const model of selectModels(book, provider, models)) {
      model.rows.push(...model.rows.map((row) => ({ ...scaleRow(row, factor, []), scope, source: why })));
    }
  }
}

function scaleRow(row: DraftRow, factor: string, keep: readonly string[]): DraftRow {
  const scale = (rates: DraftRates): DraftRates => {
    const scaled: DraftRates = {};
    for (const [unit, rate] of rateEntries(rates)) {
      const fixed = !isTokenUnit(unit) || keep.includes(unit);
      scaled[unit] = fixed ? rate : [multiplyDecimals(rate[0], factor), rate[1]];
    }
    return scaled;
  };
  const context = row.context?.map((tier) => ({ ...tier, rates: scale(tier.rates) }));
  return { ...row, rates: scale(row.rates), ...(context === undefined ? {} : { context }) };
}

function addTier(book: DraftBook, entry: TierEntry): void {
  const model = draftOf(book, entry.model);
  const from = entry.from ?? null;
  const to = entry.to ?? null;
  const standard = model.rows.find(
    (row) =>
      row.tier === 'standard' &&
      row.status === 'active' &&
      (row.from ?? '') >= (from ?? '') &&
      (to === null || (row.from ?? '') < to),
  );
  const base = standard ?? model.rows.find((row) => row.tier === 'standard');
  if (base === undefined) throw new Error(`${entry.model} has a tier but no standard price`);
  const rates = { ...untouched(base.rates), ...tierRates(entry.rates, base.rates) };
  const context = contextOf(entry, base, rates);
  model.rows.push({
    tier: entry.tier,
    from,
    to,
    rates,
    ...(context === undefined ? {} : { context }),
    status: 'active',
    confidence: entry.confidence,
    source: entry.source,
  });
}

/** What tiers do not change: searches and other billables that are not tokens. */
function untouched(rates: DraftRates): DraftRates {
  return Object.fromEntries(rateEntries(rates).filter(([unit]) => !isTokenUnit(unit)));
}

function tierRates(texts: Readonly<Record<string, string>>, standard: DraftRates): DraftRates {
  const rates: DraftRates = {};
  for (const [unit, amount] of Object.entries(texts) as [RateUnit, string][]) rates[unit] = [amount, PER_TOKEN_MILLION];
  if (rates.input === undefined) return rates;
  // Cache writes are billed at 1.25 times the tier's input where the model bills them at all.
  if (standard.cache_write !== undefined) {
    rates.cache_write = [multiplyDecimals(rates.input[0], '1.25'), PER_TOKEN_MILLION];
  }
  if (standard.input_image !== undefined) rates.input_image = rates.input;
  if (standard.cache_read_image !== undefined && rates.cache_read !== undefined)
    rates.cache_read_image = rates.cache_read;
  return rates;
}

/** The tier's long-context rates as listed; else half of the standard ones for a half-price tier; else unknown. */
function contextOf(entry: TierEntry, standard: DraftRow, rates: DraftRates): DraftRow['context'] {
  if (entry.above !== undefined) {
    const { threshold } = entry.above;
    return [{ threshold, inclusive: false, rates: tierRates(entry.above.rates, standard.rates) }];
  }
  if (standard.context === undefined || standard.rates.input === undefined || rates.input === undefined)
    return undefined;
  const half: RateEntry = [multiplyDecimals(standard.rates.input[0], '0.5'), standard.rates.input[1]];
  const isHalf = compareRates(half, rates.input) === 0;
  return standard.context.map((tier) => ({
    ...tier,
    rates: isHalf ? scaleRow({ ...standard, rates: tier.rates }, '0.5', []).rates : {},
  }));
}
