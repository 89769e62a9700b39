import { type BillableClass, EMPTY_USAGE, type TokenUsage, type UsageUnits } from '@weir/usage';
import type { CompiledRates } from './compile-rates.ts';
import type { RateUnit } from './price-book-format.ts';
import type { PriceRequest } from './price-request.ts';

/** One quantity that a request is billed for. */
export interface Billed {
  /** Name of the line. */
  readonly class: string;
  /** Which rate it takes. */
  readonly unit: RateUnit;
  readonly quantity: number;
  /** token, search, image, ... */
  readonly measure: string;
}

type UnitRule = readonly [key: keyof UsageUnits, unit: RateUnit, measure: string];

const UNIT_RULES: readonly UnitRule[] = [
  ['citationTokens', 'citation', 'token'],
  ['webSearches', 'web_search', 'search'],
  ['fileSearches', 'file_search', 'search'],
  ['codeExecutions', 'code_execution', 'execution'],
  ['images', 'image', 'image'],
  ['inputCharacters', 'character', 'character'],
  ['inputAudioSeconds', 'audio_second', 'second'],
  ['documentPages', 'page', 'page'],
  ['annotatedDocumentPages', 'page_annotated', 'page'],
  ['rerankSearches', 'rerank', 'search'],
  ['neurons', 'neuron', 'neuron'],
];

/** Units that measure what tokens measure too; the rates of the model say which of the two is billed. */
const INSTEAD_OF_TOKENS: ReadonlySet<RateUnit> = new Set(['character', 'audio_second', 'neuron']);

/** The disjoint quantities that the rates of a model bill, tokens first. */
export function billedQuantities(
  classes: Readonly<Partial<Record<BillableClass, number>>>,
  rates: CompiledRates,
  request: PriceRequest,
): { readonly items: readonly Billed[]; readonly flags: readonly string[] } {
  const { usage } = request;
  const items: Billed[] = [];
  const flags: string[] = [];
  if (!isBilledByMeasure(usage.units, rates)) {
    for (const name in classes)
      pushClass(items, name as BillableClass, classes[name as BillableClass] ?? 0, usage, rates);
  }
  if (usage.units !== EMPTY_USAGE.units) pushUnits(items, flags, rates, request);
  return { items, flags };
}

function pushUnits(items: Billed[], flags: string[], rates: CompiledRates, request: PriceRequest): void {
  const { usage } = request;
  const extra = usage.units.extraReasoningTokens ?? 0;
  if (extra > 0) items.push({ class: 'reasoning', unit: 'reasoning', quantity: extra, measure: 'token' });
  const hasTokens = usage.inputTokens > 0 || usage.outputTokens > 0;
  for (const [key, unit, measure] of UNIT_RULES) {
    const quantity = usage.units[key] ?? 0;
    if (quantity <= 0) continue;
    if (hasTokens && INSTEAD_OF_TOKENS.has(unit) && rates[unit] === undefined) continue;
    // Generated images that come with output tokens are billed by those.
    if (unit === 'image' && usage.outputTokens > 0) continue;
    items.push({ class: unit, unit: refine(unit, rates, request, flags), quantity, measure });
  }
}

/** True for models sold by the second, character or neuron only: the tokens they report are not billed. */
function isBilledByMeasure(units: UsageUnits, rates: CompiledRates): boolean {
  if (rates.input !== undefined) return false;
  return (
    (rates.audio_second !== undefined && (units.inputAudioSeconds ?? 0) > 0) ||
    (rates.character !== undefined && (units.inputCharacters ?? 0) > 0) ||
    (rates.neuron !== undefined && (units.neurons ?? 0) > 0)
  );
}

function pushClass(
  items: Billed[],
  name: BillableClass,
  quantity: number,
  usage: TokenUsage,
  rates: CompiledRates,
): void {
  const reasoning = name === 'output' && rates.reasoning !== undefined ? Math.min(usage.reasoningTokens, quantity) : 0;
  if (quantity > reasoning) items.push({ class: name, unit: name, quantity: quantity - reasoning, measure: 'token' });
  if (reasoning > 0) items.push({ class: 'reasoning', unit: 'reasoning', quantity: reasoning, measure: 'token' });
}

/** The rate of a unit may depend on how it was asked for. */
function refine(unit: RateUnit, rates: CompiledRates, request: PriceRequest, flags: string[]): RateUnit {
  if (unit === 'image') return imageUnit(rates, request.image?.quality ?? '', request.image?.size ?? '');
  if (unit !== 'web_search' || rates.web_search_low === undefined) return unit;
  switch (request.searchContextSize) {
    case 'low':
      return 'web_search_low';
    case 'medium':
      return 'web_search_medium';
    case 'high':
      return 'web_search_high';
    default:
      // Perplexity searches with a low context unless told otherwise.
      flags.push('assumed', 'assumed_search_context');
      return 'web_search_low';
  }
}

function imageUnit(rates: CompiledRates, quality: string, size: string): RateUnit {
  const exact = `image/${quality.toLowerCase()}/${size.toLowerCase()}` as const;
  if (rates[exact] !== undefined) return exact;
  const bySize = `image/${size.toLowerCase()}` as const;
  return rates[bySize] !== undefined ? bySize : 'image';
}
