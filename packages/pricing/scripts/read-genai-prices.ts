import { type ConditionalPrice, type ModelInfo, type ModelPrice, waitForUpdate } from '@pydantic/genai-prices';
import { multiplyDecimals } from '../src/decimals.ts';
import type { RateUnit, WhenEntry } from '../src/price-book-format.ts';
import { decimalOfFloat } from './decimal-text.ts';
import {
  createDraft,
  type DraftBook,
  type DraftModel,
  type DraftRates,
  type DraftRow,
  rateEntries,
} from './draft-book.ts';
import { expandMatcher } from './expand-matcher.ts';

/** Prices that start after this day are announced, not in force. */
const SOURCE_DATE = '2026-09-23';
export const SOURCE_NAME = '@pydantic/genai-prices';
export const SOURCE_VERSION = '0.1.8';

const PROVIDER_IDS: Readonly<Record<string, string>> = {
  aws: 'bedrock',
  'x-ai': 'xai',
  voyageai: 'voyage',
  'github-copilot': 'github_copilot',
  'huggingface_fireworks-ai': 'huggingface_fireworks_ai',
};
const FIRST_PARTY = new Set(['openai', 'anthropic', 'google', 'xai']);
const UNITS: Readonly<Record<string, readonly [unit: RateUnit, per: number]>> = {
  input_mtok: ['input', 1_000_000],
  output_mtok: ['output', 1_000_000],
  cache_read_mtok: ['cache_read', 1_000_000],
  cache_write_mtok: ['cache_write', 1_000_000],
  cache_write_1h_mtok: ['cache_write_1h', 1_000_000],
  input_audio_mtok: ['input_audio', 1_000_000],
  output_audio_mtok: ['output_audio', 1_000_000],
  cache_audio_read_mtok: ['cache_read_audio', 1_000_000],
  input_image_mtok: ['input_image', 1_000_000],
  output_image_mtok: ['output_image', 1_000_000],
  cache_image_read_mtok: ['cache_read_image', 1_000_000],
  input_video_mtok: ['input_video', 1_000_000],
  output_reasoning_mtok: ['reasoning', 1_000_000],
  output_citation_mtok: ['citation', 1_000_000],
  web_searches_kcount: ['web_search', 1000],
  storage_searches_kcount: ['file_search', 1000],
  input_document_kpages: ['page', 1000],
  input_annotated_document_kpages: ['page_annotated', 1000],
  input_audio_hours: ['audio_second', 3600],
};

/** Reads every model of the package; `free` lists the models whose missing price is known to be 0. */
export async function readGenaiPrices(free: ReadonlySet<string>): Promise<DraftBook> {
  // No update was ever requested, so this is the data inside the package: no network.
  const providers = (await waitForUpdate()) ?? [];
  const book: DraftBook = new Map();
  for (const source of providers) {
    for (const info of source.models) addModel(book, PROVIDER_IDS[source.id] ?? source.id, info, free);
  }
  return book;
}

function addModel(book: DraftBook, sourceProvider: string, info: ModelInfo, free: ReadonlySet<string>): void {
  const name = info.id.toLowerCase();
  const onVertex = sourceProvider === 'google' && (name.startsWith('claude-') || name.endsWith('-maas'));
  const provider = onVertex ? 'vertex_ai' : sourceProvider;
  const id = provider === 'bedrock' ? name.replace(/^(?:regional|global)\./, '') : name;
  const model = book.get(`${provider}/${id}`) ?? createDraft(provider, id);
  const isFree = free.has(`${provider}/${id}`) || id.endsWith(':free');
  const rows = rowsOf(model, info, isFree);
  if (rows.length === 0) return;
  expandMatcher(model, info.match);
  model.rows.push(...rows.map((row) => ({ ...row, ...scopeOf(provider, name) })));
  book.set(`${provider}/${id}`, model);
}

/** On Bedrock the source lists global and all other endpoints as models of their own. */
function scopeOf(provider: string, name: string): Pick<DraftRow, 'scope'> {
  if (provider !== 'bedrock') return {};
  if (name.startsWith('global.')) return { scope: { endpoint: ['global'] } };
  // Claude since 4.5 and GPT-5.6: the regional price is not the global one.
  return name.startsWith('regional.') && REGIONAL_PREMIUM.test(name)
    ? { scope: { endpoint: ['geo', 'in_region'] } }
    : {};
}
const REGIONAL_PREMIUM = /nova-2|gpt-5\.6|claude-(?:sonnet-4-[56]|haiku-4-5|opus-4-[5678]|opus-5|sonnet-5|fable-5)/;

function rowsOf(model: DraftModel, info: ModelInfo, free: boolean): DraftRow[] {
  const periods: ConditionalPrice[] = Array.isArray(info.prices) ? info.prices : [{ prices: info.prices }];
  const copied = info.price_comments?.startsWith('Imported from OpenRouter') === true;
  const rows: DraftRow[] = [];
  let from: string | null = null;
  for (const { constraint, prices } of periods) {
    // A daily window belongs to the period that it is listed after.
    const when = constraint?.type === 'time_of_date' ? windowOf(constraint) : undefined;
    if (constraint?.type === 'start_date') from = constraint.start_date;
    const announced = from !== null && from > SOURCE_DATE;
    if (when === undefined && !announced) for (const row of rows) row.to ??= from;
    const row = rowOf(model, prices, free);
    if (row === null) continue;
    rows.push({
      ...row,
      tier: 'standard',
      from,
      to: null,
      ...(when === undefined ? {} : { when }),
      status: announced ? 'announced' : 'active',
      confidence: copied ? 'assumed' : FIRST_PARTY.has(model.provider) ? 'agreed' : 'single',
      source: SOURCE_NAME,
    });
  }
  return rows;
}

function windowOf(constraint: { start_time: string; end_time: string }): WhenEntry {
  return { utc: [[constraint.start_time.slice(0, 5), constraint.end_time.slice(0, 5)]] };
}

function rowOf(model: DraftModel, prices: ModelPrice, free: boolean): Pick<DraftRow, 'rates' | 'context'> | null {
  if (free) return { rates: { input: ['0', 1_000_000], output: ['0', 1_000_000] } };
  const rates: DraftRates = {};
  const tiers = new Map<number, DraftRates>();
  for (const [key, price] of Object.entries(prices)) {
    const [sourceUnit, per] = UNITS[key] ?? [];
    if (sourceUnit === undefined || per === undefined || price === undefined) continue;
    const isClaude = /(?:^|[./])claude-/.test(model.id);
    const unit = sourceUnit === 'cache_write' && isClaude ? 'cache_write_5m' : sourceUnit;
    if (typeof price === 'number') {
      rates[unit] = [decimalOfFloat(price), per];
      continue;
    }
    rates[unit] = [decimalOfFloat(price.base), per];
    for (const tier of price.tiers) {
      tiers.set(tier.start, { ...tiers.get(tier.start), [unit]: [decimalOfFloat(tier.price), per] });
    }
  }
  if (Object.keys(rates).length === 0) return null;
  addOneHourWrites(model, rates);
  if (tiers.size === 0) return { rates };
  const tokenRates = Object.fromEntries(rateEntries(rates).filter(([, entry]) => entry[1] === 1_000_000));
  const context = [...tiers].map(([start, tierRates]) => {
    const full = { ...tokenRates, ...tierRates };
    if (tierRates.input !== undefined) addOneHourWrites(model, full, true);
    return { ...thresholdOf(model.provider, start), rates: full };
  });
  return { rates, context };
}

/** Anthropic's rule: a 1-hour cache write costs twice the input. */
function addOneHourWrites(model: DraftModel, rates: DraftRates, again = false): void {
  if (!/(?:^|[./])claude-/.test(model.id) || rates.input === undefined || rates.cache_write_5m === undefined) return;
  if (rates.cache_write_1h !== undefined && !again) return;
  const [amount, per] = rates.input;
  rates.cache_write_1h = [multiplyDecimals(amount, '2'), per];
}

/** The source knows `>` only, and writes `>= 200,000` as `> 199,999`; OpenAI's text says "more than 272K". */
function thresholdOf(provider: string, start: number): { threshold: number; inclusive: boolean } {
  if (start % 1000 !== 999) return { threshold: start, inclusive: false };
  return { threshold: start + 1, inclusive: provider === 'xai' };
}
