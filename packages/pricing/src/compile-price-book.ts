import { type CompiledRates, compileRates, endOf, startOf } from './compile-rates.ts';
import { inDollars } from './in-dollars.ts';
import { type PriceBookDocument, type PriceRowEntry, readPriceBookDocument } from './price-book-format.ts';
import type { PriceTerms } from './terms/price-terms.ts';

export interface CompiledContextTier {
  /** The first number of input tokens that pays this tier. */
  readonly fromTokens: number;
  readonly rates: CompiledRates;
}

export interface CompiledRow {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly endpoints: ReadonlySet<string> | null;
  readonly regions: ReadonlySet<string> | null;
  /** Minutes of the day, [start, end). */
  readonly windows: readonly (readonly [start: number, end: number])[] | null;
  readonly weekdays: ReadonlySet<number> | null;
  /** Zone of windows and weekdays; '' = UTC. */
  readonly tz: string;
  readonly announced: boolean;
  readonly retired: boolean;
  readonly assumed: boolean;
  readonly rates: CompiledRates;
  /** Highest tier first. */
  readonly context: readonly CompiledContextTier[];
}

export interface CompiledModel {
  readonly provider: string;
  readonly id: string;
  /** True for models of Anthropic, wherever they are sold: a 1-hour cache write costs 2 × input. */
  readonly anthropic: boolean;
  readonly rowsByTier: ReadonlyMap<string, readonly CompiledRow[]>;
}

/** What a name means: one model, or several that follow each other in time. */
export interface NamedModel {
  readonly model: CompiledModel;
  readonly from: number;
  readonly to: number;
}

export interface CompiledProvider {
  readonly id: string;
  readonly fallbacks: readonly string[];
  readonly tiers: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, readonly NamedModel[]>;
  /** Names that may carry a date suffix. */
  readonly datable: ReadonlySet<string>;
  readonly patterns: readonly { readonly pattern: RegExp; readonly named: readonly NamedModel[] }[];
}

/** A validated, compiled price book. Immutable but for its bounded cache of matches. */
export interface PriceBook {
  readonly version: string;
  readonly modelCount: number;
  readonly rowCount: number;
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  /** Every spelling, `_` for `-`, to canonical id. */
  readonly providerIds: ReadonlyMap<string, string>;
  readonly inferRules: readonly { readonly pattern: RegExp; readonly provider: string }[];
  /** (provider, model) as asked to what they mean; bounded by match/match-model.ts. */
  readonly matchCache: Map<string, ModelMatch>;
  /** Overrides and discounts of an installation. */
  readonly terms: PriceTerms;
}

/** Which kind of cloud endpoint served a call; '' where the provider has no such choice or it is unknown. */
export type Endpoint = '' | 'global' | 'geo' | 'in_region';

/** What a (provider, model) pair means, at any time. */
export interface ModelMatch {
  /** Canonical provider; '' when unknown. */
  readonly provider: string;
  /** Empty when nothing matched. */
  readonly named: readonly NamedModel[];
  readonly endpoint: Endpoint;
  readonly flags: readonly string[];
  /** Why nothing matched; '' when something did. */
  readonly reason: string;
}

const NON_TOKEN = /^(web_search|file_search|code_execution|character|audio_second|page|rerank|neuron|image($|\/))/;

/**
 * Validates and compiles a parsed price-book file.
 * @throws WeirError `PRICE_BOOK_INVALID`.
 */
export function loadPriceBook(json: unknown): PriceBook {
  return compilePriceBook(readPriceBookDocument(json));
}

/** Builds the look-up tables. Throws nothing of its own: the document is already checked. */
function compilePriceBook(document: PriceBookDocument): PriceBook {
  const models = compileModels(document);
  const providerIds = new Map<string, string>();
  const providers = new Map<string, CompiledProvider>();
  const inferRules: { pattern: RegExp; provider: string }[] = [];
  for (const entry of document.providers) {
    for (const name of [entry.id, ...entry.aliases]) providerIds.set(providerKey(name), entry.id);
    for (const rule of entry.infer) inferRules.push({ pattern: new RegExp(rule), provider: entry.id });
    providers.set(entry.id, {
      id: entry.id,
      fallbacks: entry.fallbacks,
      tiers: new Map(Object.entries(entry.tiers ?? {})),
      ...compileNames(document, models, entry.id),
    });
  }
  return {
    version: document.version,
    modelCount: document.models.length,
    rowCount: document.rows.length,
    providers,
    providerIds,
    inferRules,
    matchCache: new Map(),
    terms: { aliases: [], overrides: [], discounts: [] },
  };
}

/** Spelling under which a provider is looked up: case, blanks, and the choice of `-` or `_` do not matter. */
export function providerKey(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[-\s]+/g, '_');
}

function compileModels(document: PriceBookDocument): Map<string, CompiledModel> {
  const rows = new Map<string, Map<string, CompiledRow[]>>();
  for (const entry of document.rows.flatMap((row) => inDollars(row, document.fx ?? []))) {
    if (entry.superseded_by !== undefined) continue;
    const key = `${entry.provider}/${entry.model}`;
    const tiers = rows.get(key) ?? new Map<string, CompiledRow[]>();
    rows.set(key, tiers);
    tiers.set(entry.tier, [...(tiers.get(entry.tier) ?? []), compileRow(entry)]);
  }
  const models = new Map<string, CompiledModel>();
  for (const { provider, id } of document.models) {
    const key = `${provider}/${id}`;
    const anthropic = provider === 'anthropic' || /^(anthropic[./])?claude-/.test(id);
    models.set(key, { provider, id, anthropic, rowsByTier: rows.get(key) ?? new Map() });
  }
  return models;
}

function compileNames(
  document: PriceBookDocument,
  models: ReadonlyMap<string, CompiledModel>,
  provider: string,
): Pick<CompiledProvider, 'names' | 'datable' | 'patterns'> {
  const names = new Map<string, readonly NamedModel[]>();
  const datable = new Set<string>();
  const patterns: { pattern: RegExp; named: readonly NamedModel[] }[] = [];
  for (const entry of document.models) {
    const model = models.get(`${provider}/${entry.id}`);
    if (entry.provider !== provider || model === undefined) continue;
    const always = [{ model, from: -Infinity, to: Infinity }];
    for (const name of [entry.id, ...entry.aliases]) {
      names.set(name, always);
      if (entry.dates === true) datable.add(name);
    }
    for (const { alias, from, to } of entry.dated ?? []) {
      const period = { model, from: startOf(from), to: endOf(to) };
      names.set(alias, [...(names.get(alias) ?? []), period]);
    }
    for (const pattern of entry.patterns ?? []) patterns.push({ pattern: new RegExp(pattern), named: always });
  }
  return { names, datable, patterns };
}

function compileRow(entry: PriceRowEntry): CompiledRow {
  const base = compileRates(entry.rates, entry.id);
  const notTokens = Object.fromEntries(Object.entries(base).filter(([unit]) => NON_TOKEN.test(unit)));
  const context = (entry.context ?? []).map((tier) => ({
    fromTokens: tier.inclusive ? tier.threshold : tier.threshold + 1,
    rates: { ...notTokens, ...compileRates(tier.rates, entry.id) },
  }));
  return {
    id: entry.id,
    from: startOf(entry.from),
    to: endOf(entry.to),
    endpoints: entry.scope?.endpoint === undefined ? null : new Set(entry.scope.endpoint),
    regions: entry.scope?.region === undefined ? null : new Set(entry.scope.region),
    windows: entry.when === undefined ? null : entry.when.utc.map(([start, end]) => [minutes(start), minutes(end)]),
    weekdays: entry.when?.weekdays === undefined ? null : new Set(entry.when.weekdays),
    tz: entry.when?.tz ?? '',
    announced: entry.status === 'announced',
    retired: entry.status === 'retired',
    assumed: entry.confidence === 'assumed',
    rates: base,
    context: context.sort((left, right) => right.fromTokens - left.fromTokens),
  };
}

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
