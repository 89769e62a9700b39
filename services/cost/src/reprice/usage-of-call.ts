import { familiesOfUsage, normalizeUsage, type UsagePart } from '@weir/providers';
import { EMPTY_USAGE, type TokenUsage, type UsageUnits } from '@weir/usage';
import type { BookedCall } from './booked-call.ts';

/** What a booked call is billed for; several parts where one answer billed several models. */
export type BilledParts = readonly UsagePart[];

type MutableUnits = { -readonly [Key in keyof UsageUnits]: UsageUnits[Key] };

/** Classes of the booked lines that are no tokens of the gross counts. */
const UNITS: Readonly<Record<string, keyof UsageUnits>> = {
  citation: 'citationTokens',
  web_search: 'webSearches',
  file_search: 'fileSearches',
  code_execution: 'codeExecutions',
  image: 'images',
  character: 'inputCharacters',
  audio_second: 'inputAudioSeconds',
  page: 'documentPages',
  page_annotated: 'annotatedDocumentPages',
  rerank: 'rerankSearches',
  neuron: 'neurons',
};

/**
 * The usage of a booked call: read from the provider's own object where that gives the counts of the row, else put
 * together from the row's counts and classes (an estimate, units that stand in no usage object). Undefined when the row
 * does not tell its parts apart: then its cost stands.
 */
export function usageOfCall(call: BookedCall): BilledParts | undefined {
  const raw = parsed(call.usageRaw);
  if (Array.isArray(raw)) return partsOfArray(call, raw);
  const read = readVerbatim(call, raw);
  if (read !== undefined) return call.inParts && read.length < 2 ? undefined : read;
  return call.inParts ? undefined : [{ model: call.responseModel, usage: rebuilt(call) }];
}

function readVerbatim(call: BookedCall, raw: unknown): BilledParts | undefined {
  if (!isObject(raw)) return undefined;
  const path = call.operation === 'embeddings' ? '/embeddings' : '';
  const model = call.responseModel || call.requestModel;
  for (const family of familiesOfUsage(raw, { provider: call.provider, path })) {
    const { usage, billedUsage, parts } = normalizeUsage(family, raw, { model });
    if (usage === null || !hasCounts(usage, call.counts)) continue;
    if (parts.length > 0) return parts;
    return [{ model: call.responseModel, usage: withUnits(billedUsage ?? usage, call) }];
  }
  return undefined;
}

/** Answers of one session (realtime) or results of a batch: one usage object each, all of one model. */
function partsOfArray(call: BookedCall, raw: readonly unknown[]): BilledParts | undefined {
  if (call.rateIds !== 1) return undefined;
  const [first] = raw;
  const families = isObject(first) ? familiesOfUsage(first, { provider: call.provider, path: '' }) : [];
  for (const family of ['realtime', ...families]) {
    const parts = partsOfFamily(call, raw, family);
    if (parts !== undefined) return parts;
  }
  return undefined;
}

function partsOfFamily(call: BookedCall, raw: readonly unknown[], family: string): BilledParts | undefined {
  const parts: UsagePart[] = [];
  for (const one of raw) {
    const { usage } = normalizeUsage(family, one);
    if (usage === null) return undefined;
    parts.push({ model: call.responseModel || call.requestModel, usage });
  }
  const sums = call.counts.map((_count, index) =>
    parts.reduce((sum, { usage }) => sum + (countsOf(usage)[index] ?? 0), 0),
  );
  return sums.every((sum, index) => sum === call.counts[index]) ? parts : undefined;
}

/** In the order of COUNTS. */
const countsOf = (usage: TokenUsage): readonly number[] => [
  usage.inputTokens,
  usage.outputTokens,
  usage.totalTokens,
  usage.cacheReadTokens,
  usage.cacheWriteTokens,
  usage.cacheWrite5mTokens,
  usage.cacheWrite1hTokens,
  usage.reasoningTokens,
];

const hasCounts = (usage: TokenUsage, counts: readonly number[]): boolean =>
  usage.inputTokens === counts[0] &&
  usage.outputTokens === counts[1] &&
  usage.totalTokens === counts[2] &&
  usage.cacheReadTokens === counts[3] &&
  usage.cacheWriteTokens === counts[4] &&
  usage.cacheWrite5mTokens === counts[5] &&
  usage.cacheWrite1hTokens === counts[6] &&
  usage.reasoningTokens === counts[7];

function withUnits(usage: TokenUsage, call: BookedCall): TokenUsage {
  const units = unitsOf(call);
  return Object.keys(units).length === 0 ? usage : { ...usage, units: { ...units, ...usage.units } };
}

function unitsOf({ usage }: BookedCall): MutableUnits {
  const units: MutableUnits = {};
  for (const name in usage) {
    const unit = UNITS[name];
    if (unit !== undefined) units[unit] = usage[name] ?? 0;
  }
  return units;
}

/** From the classes that were booked: they are disjoint, and the gross counts are their sums. */
function rebuilt(call: BookedCall): TokenUsage {
  const of = (...names: readonly string[]): number => names.reduce((sum, name) => sum + (call.usage[name] ?? 0), 0);
  const [input = 0, output = 0, total = 0, cacheRead = 0, cacheWrite = 0, write5m = 0, write1h = 0, reasoning = 0] =
    call.counts;
  const booked = of('output', 'output_audio', 'output_image');
  // Reasoning outside the output is a unit of its own; inside, it was split off by a rate.
  const extra = booked + of('reasoning') > output && booked === output ? of('reasoning') : 0;
  const units = unitsOf(call);
  if (extra > 0) units.extraReasoningTokens = extra;
  return {
    ...EMPTY_USAGE,
    inputTokens: input,
    outputTokens: output,
    totalTokens: total,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    cacheWrite5mTokens: write5m,
    cacheWrite1hTokens: write1h,
    reasoningTokens: reasoning,
    inputAudioTokens: of('input_audio', 'cache_read_audio'),
    cacheReadAudioTokens: of('cache_read_audio'),
    outputAudioTokens: of('output_audio'),
    inputImageTokens: of('input_image', 'cache_read_image'),
    cacheReadImageTokens: of('cache_read_image'),
    outputImageTokens: of('output_image'),
    inputVideoTokens: of('input_video'),
    units,
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(raw: string): unknown {
  if (raw === '') return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
