import { anchored, fields, instant, invalid, list, oneOf, text, texts, whole } from './read-json.ts';

/** Units a rate can be for; the token classes of @weir/usage and the billables that are not tokens. */
const RATE_UNITS = [
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
  'web_search',
  'web_search_low',
  'web_search_medium',
  'web_search_high',
  'file_search',
  'code_execution',
  'character',
  'audio_second',
  'page',
  'page_annotated',
  'rerank',
  'neuron',
] as const;

/** `image` may carry quality and size: `image`, `image/1024x1024`, `image/high/1024x1024`. */
export type RateUnit = (typeof RATE_UNITS)[number] | 'image' | `image/${string}`;

/** USD as decimal text, the number of units it buys, and the least quantity billed: `["2.5", 1000000]`. */
export type RateEntry = readonly [amount: string, per: number, minimum?: number];
export type RateEntries = Readonly<Partial<Record<RateUnit, RateEntry>>>;

/** Above `threshold` input tokens (or at it, when inclusive) the whole request pays these rates. */
export interface ContextTierEntry {
  readonly threshold: number;
  readonly inclusive: boolean;
  readonly rates: RateEntries;
}

/** Where a row applies; a row without a scope applies everywhere, and gives way to one whose scope matches. */
export interface ScopeEntry {
  readonly endpoint?: readonly ('global' | 'geo' | 'in_region')[];
  /** Data residency, e.g. `eu`. */
  readonly region?: readonly string[];
}

/** Daily windows `["01:00", "04:00"]`, end exclusive, and ISO weekdays (1 = Monday), in UTC or in the zone `tz`. */
export interface WhenEntry {
  readonly utc: readonly (readonly [string, string])[];
  readonly weekdays?: readonly number[];
  /** IANA name, e.g. `Asia/Shanghai`; absent = UTC. */
  readonly tz?: string;
}

const STATUSES = ['active', 'announced', 'retired'] as const;
type Status = (typeof STATUSES)[number];
const CURRENCIES = ['USD', 'CNY', 'EUR'] as const;
type Currency = (typeof CURRENCIES)[number];

/** What one unit of a currency is worth, [from, to). */
export interface FxEntry {
  readonly id: string;
  readonly currency: Currency;
  readonly from: string | null;
  readonly to: string | null;
  /** Decimal text. */
  readonly usd: string;
}

export interface PriceRowEntry {
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  /** UTC date or instant, [from, to); null is open. */
  readonly from: string | null;
  readonly to: string | null;
  readonly scope?: ScopeEntry;
  readonly when?: WhenEntry;
  readonly rates: RateEntries;
  readonly context?: readonly ContextTierEntry[];
  /** Currency of the rates; absent = USD. Others are converted by the book's `fx`, and have no price without it. */
  readonly currency?: Currency;
  /** `announced` rows are not used until a later book confirms them; `retired` models keep the price that they had. */
  readonly status: Status;
  readonly confidence: 'agreed' | 'single' | 'assumed';
  readonly source: string;
  /** UTC date on which it became known; null when the book does not say. `from` and `to` say when it was in force. */
  readonly recorded: string | null;
  /** The row that corrects this one, which then prices nothing more; it stays, since costs name it. */
  readonly superseded_by?: string;
}

/** A name that means another model for a time. */
export interface DatedAliasEntry {
  readonly alias: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface ModelEntry {
  readonly provider: string;
  readonly id: string;
  /** Exact names, lower case. */
  readonly aliases: readonly string[];
  readonly dated?: readonly DatedAliasEntry[];
  /** Regular expressions with `^` and `$`. */
  readonly patterns?: readonly string[];
  /** True when `-YYYY-MM-DD`, `-YYYYMMDD` or `@YYYYMMDD` may follow any of its names. */
  readonly dates?: boolean;
}

export interface ProviderEntry {
  readonly id: string;
  readonly aliases: readonly string[];
  /** Providers whose list prices apply where this one has none of its own; such a cost is flagged as assumed. */
  readonly fallbacks: readonly string[];
  /** Anchored model-name rules that name this provider when none is given. */
  readonly infer: readonly string[];
  /** Words of its own for service tiers. */
  readonly tiers?: Readonly<Record<string, string>>;
}

export interface BookSource {
  readonly name: string;
  readonly ref: string;
  readonly licence: string;
  /** UTC date of its data: the `recorded` of its rows that have none of their own. */
  readonly recorded?: string;
}

export interface PriceBookDocument {
  readonly format: 1;
  /** First 12 hex digits of the SHA-256 of everything else in the document. */
  readonly version: string;
  readonly sources: readonly BookSource[];
  readonly providers: readonly ProviderEntry[];
  readonly models: readonly ModelEntry[];
  readonly rows: readonly PriceRowEntry[];
  /** Exchange rates, where rows have other currencies. */
  readonly fx?: readonly FxEntry[];
}

const DECIMAL = /^\d+(\.\d+)?$/;

const KNOWN_UNITS: ReadonlySet<string> = new Set([...RATE_UNITS, 'image']);

/**
 * Checks that a parsed JSON value is a price book.
 * @throws WeirError `PRICE_BOOK_INVALID` with the path of the first entry that is not as it should be.
 */
export function readPriceBookDocument(json: unknown): PriceBookDocument {
  const book = fields(json, 'book');
  if (book['format'] !== 1) throw invalid('format', 'must be 1');
  const sources = list(book['sources'], 'sources').map((entry, index) => readSource(entry, `sources[${index}]`));
  return {
    format: 1,
    version: text(book['version'], 'version'),
    sources,
    providers: list(book['providers'], 'providers').map((entry, index) => readProvider(entry, `providers[${index}]`)),
    models: Object.entries(fields(book['models'], 'models')).map(([key, entry]) => readModel(key, entry)),
    rows: Object.entries(fields(book['rows'], 'rows')).map(([id, entry]) => readRow(id, entry, sources)),
    ...(book['fx'] === undefined
      ? {}
      : { fx: list(book['fx'], 'fx').map((entry, index) => readFx(entry, `fx[${index}]`)) }),
  };
}

function readFx(json: unknown, path: string): FxEntry {
  const entry = fields(json, path);
  const usd = text(entry['usd'], `${path}.usd`);
  if (!DECIMAL.test(usd)) throw invalid(`${path}.usd`, 'must be plain decimal text, not negative');
  return {
    id: text(entry['id'], `${path}.id`),
    currency: oneOf(entry['currency'], CURRENCIES, `${path}.currency`),
    from: instant(entry['from'], `${path}.from`),
    to: instant(entry['to'], `${path}.to`),
    usd,
  };
}

function readSource(json: unknown, path: string): BookSource {
  const source = fields(json, path);
  const part = (name: string) => text(source[name], `${path}.${name}`);
  const recorded = instant(source['recorded'], `${path}.recorded`);
  return {
    name: part('name'),
    ref: part('ref'),
    licence: part('licence'),
    ...(recorded === null ? {} : { recorded }),
  };
}

function readProvider(json: unknown, path: string): ProviderEntry {
  const entry = fields(json, path);
  const tiers = entry['tiers'] === undefined ? undefined : fields(entry['tiers'], `${path}.tiers`);
  return {
    id: text(entry['id'], `${path}.id`),
    aliases: texts(entry['aliases'], `${path}.aliases`),
    fallbacks: texts(entry['fallbacks'], `${path}.fallbacks`),
    infer: texts(entry['infer'], `${path}.infer`).map((rule) => anchored(rule, `${path}.infer`, false)),
    ...(tiers === undefined
      ? {}
      : {
          tiers: Object.fromEntries(Object.entries(tiers).map(([word, tier]) => [word, text(tier, `${path}.tiers`)])),
        }),
  };
}

function readModel(key: string, json: unknown): ModelEntry {
  const path = `models.${key}`;
  const entry = fields(json, path);
  const dated = entry['dated'];
  const patterns = entry['patterns'];
  return {
    ...splitModel(key, path),
    aliases: texts(entry['aliases'], `${path}.aliases`),
    ...(dated === undefined
      ? {}
      : { dated: list(dated, `${path}.dated`).map((one) => readDated(one, `${path}.dated`)) }),
    ...(patterns === undefined
      ? {}
      : { patterns: texts(patterns, `${path}.patterns`).map((one) => anchored(one, `${path}.patterns`, true)) }),
    ...(entry['dates'] === true ? { dates: true } : {}),
  };
}

/** `openai/gpt-4o`; a provider's id has no slash, a model's may. */
function splitModel(key: string, path: string): { provider: string; id: string } {
  const slash = key.indexOf('/');
  if (slash <= 0 || slash === key.length - 1) throw invalid(path, 'must be provider/model');
  return { provider: key.slice(0, slash), id: key.slice(slash + 1) };
}

function readDated(json: unknown, path: string): DatedAliasEntry {
  const entry = fields(json, path);
  return {
    alias: text(entry['alias'], `${path}.alias`),
    from: instant(entry['from'], `${path}.from`),
    to: instant(entry['to'], `${path}.to`),
  };
}

function readRow(id: string, json: unknown, sources: readonly BookSource[]): PriceRowEntry {
  const path = `rows.${id}`;
  const entry = fields(json, path);
  const model = splitModel(text(entry['model'], `${path}.model`), `${path}.model`);
  const status = oneOf(entry['status'] ?? 'active', STATUSES, `${path}.status`);
  const confidence = oneOf(entry['confidence'], ['agreed', 'single', 'assumed'] as const, `${path}.confidence`);
  const { scope, when, context, superseded_by: superseded } = entry;
  const source = text(entry['source'], `${path}.source`);
  return {
    id,
    provider: model.provider,
    model: model.id,
    tier: text(entry['tier'], `${path}.tier`),
    from: instant(entry['from'], `${path}.from`),
    to: instant(entry['to'], `${path}.to`),
    ...(scope === undefined ? {} : { scope: readScope(scope, `${path}.scope`) }),
    ...(when === undefined ? {} : { when: readWhen(when, `${path}.when`) }),
    rates: readRates(entry['rates'], `${path}.rates`),
    ...(context === undefined
      ? {}
      : { context: list(context, `${path}.context`).map((tier) => readContext(tier, `${path}.context`)) }),
    ...(entry['currency'] === undefined ? {} : { currency: oneOf(entry['currency'], CURRENCIES, `${path}.currency`) }),
    status,
    confidence,
    source,
    recorded: instant(entry['recorded'], `${path}.recorded`) ?? recordedOf(source, sources),
    ...(superseded === undefined ? {} : { superseded_by: text(superseded, `${path}.superseded_by`) }),
  };
}

/** A row says why it is so; one that does not name a source as such comes from the last, the hand-kept one. */
export function recordedOf(source: string, sources: readonly BookSource[]): string | null {
  return (sources.find(({ name }) => name === source) ?? sources.at(-1))?.recorded ?? null;
}

function readScope(json: unknown, path: string): ScopeEntry {
  const { endpoint, region } = fields(json, path);
  const endpoints = endpoint === undefined ? undefined : texts(endpoint, `${path}.endpoint`);
  return {
    ...(endpoints === undefined
      ? {}
      : { endpoint: endpoints.map((name) => oneOf(name, ['global', 'geo', 'in_region'] as const, path)) }),
    ...(region === undefined ? {} : { region: texts(region, `${path}.region`) }),
  };
}

function readWhen(json: unknown, path: string): WhenEntry {
  const { utc, weekdays, tz } = fields(json, path);
  return {
    ...(tz === undefined ? {} : { tz: zone(text(tz, `${path}.tz`), `${path}.tz`) }),
    utc: list(utc, `${path}.utc`).map((window) => {
      const [start = '', end = '', ...rest] = texts(window, `${path}.utc`);
      if (rest.length > 0 || ![start, end].every((time) => /^([01]\d|2[0-3]):[0-5]\d$/.test(time))) {
        throw invalid(`${path}.utc`, 'must be pairs of HH:MM');
      }
      return [start, end] as const;
    }),
    ...(weekdays === undefined
      ? {}
      : { weekdays: list(weekdays, path).map((day) => whole(day, 1, `${path}.weekdays`)) }),
  };
}

function zone(name: string, path: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw invalid(path, `is not a time zone: ${name}`);
  }
}

function readContext(json: unknown, path: string): ContextTierEntry {
  const entry = fields(json, path);
  return {
    threshold: whole(entry['threshold'], 1, `${path}.threshold`),
    inclusive: entry['inclusive'] === true,
    rates: readRates(entry['rates'], `${path}.rates`),
  };
}

/** @throws WeirError `PRICE_BOOK_INVALID`. */
export function readRates(json: unknown, path: string): RateEntries {
  const rates: Partial<Record<RateUnit, RateEntry>> = {};
  for (const [unit, value] of Object.entries(fields(json, path))) {
    if (!isRateUnit(unit)) throw invalid(`${path}.${unit}`, 'is not a known unit');
    rates[unit] = readRate(value, `${path}.${unit}`);
  }
  return rates;
}

function readRate(json: unknown, path: string): RateEntry {
  const [amount, per, minimum] = list(json, path);
  const decimal = text(amount, path);
  if (!DECIMAL.test(decimal)) throw invalid(path, 'must be plain decimal text, not negative');
  const units = whole(per, 1, path);
  return minimum === undefined ? [decimal, units] : [decimal, units, whole(minimum, 0, path)];
}

function isRateUnit(unit: string): unit is RateUnit {
  return KNOWN_UNITS.has(unit) || unit.startsWith('image/');
}
