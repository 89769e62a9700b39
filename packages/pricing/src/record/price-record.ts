import { picoToText, WeirError } from '@weir/kernel';
import { EMPTY_USAGE, type TokenUsage, type UsageUnits } from '@weir/usage';
import type { PriceBook } from '../compile-price-book.ts';
import type { PriceRequest } from '../price-request.ts';
import { priceUsage } from '../price-usage.ts';
import { utcTime } from '../utc-time.ts';

/** The answer to one record of `weir price`. Money is decimal text. */
export interface PricedRecord {
  readonly id: string;
  /** null = unknown. */
  readonly cost_usd: string | null;
  readonly cost_source: string;
  readonly provider: string;
  readonly model: string;
  readonly lines: readonly {
    readonly class: string;
    readonly quantity: number;
    readonly unit: string;
    /** USD for `per` units, as the price list writes it; '' when there is none. */
    readonly rate: string;
    readonly per: number;
    readonly rate_id: string;
    readonly amount: string | null;
  }[];
  readonly flags: readonly string[];
  readonly reason: string;
  readonly book_version: string;
}

type Fields = Readonly<Record<string, unknown>>;

const TOKEN_FIELDS: readonly (readonly [name: string, field: Exclude<keyof TokenUsage, 'units'>])[] = [
  ['input_tokens', 'inputTokens'],
  ['output_tokens', 'outputTokens'],
  ['cache_read_tokens', 'cacheReadTokens'],
  ['cache_write_tokens', 'cacheWriteTokens'],
  ['cache_write_5m_tokens', 'cacheWrite5mTokens'],
  ['cache_write_1h_tokens', 'cacheWrite1hTokens'],
  ['reasoning_tokens', 'reasoningTokens'],
  ['input_audio_tokens', 'inputAudioTokens'],
  ['cache_read_audio_tokens', 'cacheReadAudioTokens'],
  ['output_audio_tokens', 'outputAudioTokens'],
  ['input_image_tokens', 'inputImageTokens'],
  ['cache_read_image_tokens', 'cacheReadImageTokens'],
  ['output_image_tokens', 'outputImageTokens'],
  ['input_video_tokens', 'inputVideoTokens'],
  ['cache_read_video_tokens', 'cacheReadVideoTokens'],
  ['tool_use_prompt_tokens', 'toolUsePromptTokens'],
];

const UNIT_FIELDS: readonly (readonly [name: string, field: keyof UsageUnits])[] = [
  ['web_searches', 'webSearches'],
  ['file_searches', 'fileSearches'],
  ['code_executions', 'codeExecutions'],
  ['images', 'images'],
  ['input_characters', 'inputCharacters'],
  ['input_audio_seconds', 'inputAudioSeconds'],
  ['document_pages', 'documentPages'],
  ['annotated_document_pages', 'annotatedDocumentPages'],
  ['rerank_searches', 'rerankSearches'],
  ['citation_tokens', 'citationTokens'],
  ['extra_reasoning_tokens', 'extraReasoningTokens'],
  ['neurons', 'neurons'],
];

const USAGE_NAMES: ReadonlySet<string> = new Set([...TOKEN_FIELDS, ...UNIT_FIELDS].map(([name]) => name));

/**
 * Prices one record of a log: `id`, `provider`, `model`, `usage`, `at`, and where they matter `service_tier` (or
 * `service_tier_raw`, the provider's own word, which wins), `region` or `data_residency`, `image`,
 * `search_context_size`, `request_model`, and whose it was for terms: `account`, `gateway`.
 * @throws WeirError `PRICE_RECORD_INVALID` when a field is missing or of the wrong type.
 */
export function priceRecord(book: PriceBook, record: unknown): PricedRecord {
  const { id, request } = readRecord(record);
  const priced = priceUsage(book, request);
  // Nothing was used of a model that nobody knows: a log does not say that it was free, so its cost stays unknown (I5).
  const unknown = priced.source === 'none' && priced.model === '';
  return {
    id,
    cost_usd: priced.total === null || unknown ? null : picoToText(priced.total),
    cost_source: unknown ? 'unpriced' : priced.source,
    provider: priced.provider,
    model: priced.model,
    lines: priced.lines.map((line) => ({
      class: line.class,
      quantity: line.quantity,
      unit: line.unit,
      rate: line.rate,
      per: line.per,
      rate_id: line.rateId,
      amount: line.amount === null ? null : picoToText(line.amount),
    })),
    flags: priced.flags,
    reason: unknown ? 'unknown_model' : priced.reason,
    book_version: priced.bookVersion,
  };
}

function readRecord(record: unknown): { id: string; request: PriceRequest } {
  const fields = objectOf(record, 'record');
  const at = textOf(fields, 'at', '');
  const time = utcTime(at);
  if (Number.isNaN(time)) throw invalid('at', 'must be a time like 2026-07-24T12:00:00Z');
  const searchContextSize = textOf(fields, 'search_context_size', '');
  return {
    id: textOf(fields, 'id', ''),
    request: {
      provider: (fields['provider'] ?? null) === null ? null : textOf(fields, 'provider', ''),
      responseModel: textOf(fields, 'model', null),
      requestModel: textOf(fields, 'request_model', ''),
      account: textOf(fields, 'account', ''),
      gateway: textOf(fields, 'gateway', ''),
      at: time,
      serviceTier: textOf(fields, 'service_tier_raw', '') || textOf(fields, 'service_tier', ''),
      region: textOf(fields, 'region', '') || textOf(fields, 'data_residency', ''),
      usage: readUsage(fields['usage']),
      ...(fields['image'] === undefined || fields['image'] === null ? {} : { image: readImage(fields['image']) }),
      ...(searchContextSize === '' ? {} : { searchContextSize }),
    },
  };
}

function readUsage(json: unknown): TokenUsage {
  const fields = objectOf(json, 'usage');
  const names = Object.keys(fields);
  // Counts under a provider's own names would be priced as nothing used (I5).
  if (names.length > 0 && !names.some((name) => USAGE_NAMES.has(name))) {
    throw invalid(`usage.${names[0]}`, 'is no name of a count that is priced: use input_tokens, output_tokens, …');
  }
  const counts: Partial<Record<Exclude<keyof TokenUsage, 'units'>, number>> = {};
  for (const [name, field] of TOKEN_FIELDS) counts[field] = countOf(fields, name, true);
  const units: Partial<Record<keyof UsageUnits, number>> = {};
  for (const [name, field] of UNIT_FIELDS) {
    const count = countOf(fields, name, field !== 'inputAudioSeconds' && field !== 'neurons');
    if (count > 0) units[field] = count;
  }
  const totalTokens = (counts.inputTokens ?? 0) + (counts.outputTokens ?? 0);
  return { ...EMPTY_USAGE, ...counts, totalTokens, units };
}

function readImage(json: unknown): { quality: string; size: string } {
  const fields = objectOf(json, 'image');
  return { quality: textOf(fields, 'quality', ''), size: textOf(fields, 'size', '') };
}

function invalid(name: string, problem: string): WeirError {
  return new WeirError('PRICE_RECORD_INVALID', `record: ${name} ${problem}`, { details: { field: name } });
}

function objectOf(json: unknown, name: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(name, 'must be an object');
  return { ...json };
}

/** A missing or null field is `otherwise`; null there means that it must be present. */
function textOf(fields: Fields, name: string, otherwise: string | null): string {
  const value = fields[name] ?? otherwise;
  if (typeof value !== 'string') throw invalid(name, 'must be text');
  return value;
}

function countOf(fields: Fields, name: string, whole: boolean): number {
  const value = fields[name] ?? 0;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || (whole && !Number.isSafeInteger(value))) {
    throw invalid(`usage.${name}`, `must be a ${whole ? 'whole ' : ''}number of at least 0`);
  }
  return value;
}
