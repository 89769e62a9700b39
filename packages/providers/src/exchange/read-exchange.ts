import { remembered } from '@weir/kernel';
import { EMPTY_USAGE, type TokenUsage, type UsageSource, type UsageUnits } from '@weir/usage';
import type { Exchange, ExchangeFacts, UsageClaim, UsagePart } from '../exchange.ts';
import { type Draft, newDraft, type ReadContext } from '../families/draft.ts';
import { readBody } from '../families/read-body.ts';
import { type FramedBody, frameBody } from '../framing/frame-body.ts';
import { addUsage } from '../normalize/counts.ts';
import { jsonText } from '../normalize/json-object.ts';
import { normalizeUsage } from '../normalize/normalize-usage.ts';
import { findProvider } from '../registry/provider-registry.ts';
import { type Billing, billingOf, operationOf, PATHS_REMEMBERED } from './operation.ts';
import { providerError } from './provider-error.ts';
import { reportedCost } from './reported-cost.ts';
import { readRequest } from './request-facts.ts';
import { readCountHeaders } from './response-headers.ts';
import { salvage } from './salvage.ts';
import { addUnits } from './units.ts';

/**
 * Reads everything the ledger wants to know out of one exchange. The family is chosen by provider, path and the shape
 * of the body. Never throws: what cannot be read is '' or null and named in `flags`.
 */
export function readExchange(exchange: Exchange): ExchangeFacts {
  return read(exchange, true);
}

/** The same without the words of the bodies, template and previews: they are most of the work on a long prompt. */
export function readCounts(exchange: Exchange): ExchangeFacts {
  return read(exchange, false);
}

function read(exchange: Exchange, words: boolean): ExchangeFacts {
  const spec = findProvider(exchange.provider);
  const provider = spec?.slug ?? exchange.provider;
  const queryStart = exchange.path.indexOf('?');
  const path = queryStart < 0 ? exchange.path : exchange.path.slice(0, queryStart);
  const request = readRequest(exchange.request, exchange.requestContentType, path, words);
  const context: ReadContext = { provider, path };
  const body = frameBody(exchange.response, exchange.responseContentType);
  let draft = newDraft();
  const operation = operationOf(path, request.model, provider);
  const endpoint = billingOf(exchange.method, path, operation);
  if (endpoint !== 'free' || FILE_CONTENT.test(path)) readResponse(draft, body, exchange, context);
  // A file is free to fetch; one with the results of a batch shows usage that the batch is billed for.
  const results = draft.parts.length > 0 || isCutResult(body);
  const billing = endpoint === 'free' && results ? 'repeats' : endpoint;
  if (billing === 'free') draft = newDraft();
  const error = providerError(exchange, provider, draft, body);
  if (error === null && billing === 'billed') addUnits(draft, operation, request, body);
  const counted = countUsage(draft, request.model);
  const reportedCostUsd = reportedCost(provider, draft);
  const flags = [...draft.flags, ...counted.flags];
  const served = servedTier(draft, exchange.responseHeaders);
  const serviceTier = served || request.serviceTier;
  if (serviceTier !== served) flags.push('tier_from_request');
  const repeats = billing === 'repeats' && counted.usage !== null;
  // To ask for what is stored costs nothing by itself.
  if (billing === 'free' || (billing === 'repeats' && !repeats && error === null)) flags.push('free_endpoint');
  if (repeats) flags.push(...repeatFlags(draft, exchange, path));
  const claim = claimOf(draft, counted.usage, billing);
  if (error !== null && exchange.status >= 100 && exchange.status < 400) flags.push('ok_status_with_error');
  if (counted.usage === null && error === null && billing === 'billed') flags.push('usage_missing');
  return {
    pricingProvider: pricingProvider(spec?.pricingProvider ?? provider, exchange.responseHeaders),
    operation,
    requestModel: request.model,
    responseModel: draft.model || soleModel(counted.parts),
    responseId: draft.id,
    finishReasons: draft.finishReasons,
    stream: body.kind === 'stream' || (request.stream && body.kind !== 'document'),
    serviceTier,
    region: regionOf(exchange, path, draft, request.model),
    usageFamily: draft.family,
    usageRaw: draft.usageRaw,
    usage: counted.usage,
    usageSource: sourceOf(counted.usage, draft, exchange, body),
    usageParts: counted.parts,
    billedUsage: counted.billedUsage,
    ...(claim === undefined ? {} : { claim }),
    reportedCostUsd,
    flags: flags.length < 2 ? flags : [...new Set(flags)],
    error,
    promptTemplate: request.template,
    promptPreview: request.preview,
    responsePreview: !words || (error !== null && !error.midStream) ? '' : draft.preview,
  };
}

const FILE_CONTENT = /\/files\/[^/]+(?:\/content|:download)$/;
/** What these answer was in the answer of the call that began them, unless that call went on in the background. */
const ANSWERED_AT_ONCE = /\/(?:responses|chat\/completions)\/[^/]+$/;

/** What is known of usage that was seen before, or will be: who books it. */
function repeatFlags(draft: Draft, exchange: Exchange, path: string): string[] {
  const flags = ['repeated_usage'];
  if (draft.claim === undefined && draft.parts.length === 0 && ANSWERED_AT_ONCE.test(path)) {
    flags.push('billed_by_creation');
  }
  if (/\/files\/|\/results$/.test(path) && !isWhole(exchange)) flags.push('results_cut');
  return flags;
}

/** One result, longer than what is kept of a body. */
const isCutResult = (body: FramedBody): boolean =>
  body.kind === 'fragments' && /^[^\n]{0,500}"(?:custom_id|key)":/.test(body.head);

const isWhole = ({ complete, status, response }: Exchange): boolean =>
  complete && status === 200 && response.head.byteLength + response.tail.byteLength >= response.bytes;

/** Of an answer without usage there is nothing to claim, nor of a call that is free. */
const claimOf = (draft: Draft, usage: TokenUsage | null, billing: Billing): UsageClaim | undefined =>
  usage === null || billing === 'free' ? undefined : draft.claim;

function readResponse(draft: Draft, body: FramedBody, exchange: Exchange, context: ReadContext): void {
  readBody(draft, body, context);
  salvage(draft, body, context);
  readCountHeaders(draft, context.provider, exchange.responseHeaders);
}

/** The model of results that are all of one. */
const soleModel = (parts: readonly UsagePart[]): string => {
  const [first] = parts;
  return first !== undefined && parts.every(({ model }) => model === first.model) ? first.model : '';
};

interface Counted {
  readonly usage: TokenUsage | null;
  readonly billedUsage: TokenUsage | null;
  readonly parts: readonly UsagePart[];
  readonly flags: readonly string[];
}

function countUsage(draft: Draft, requestModel: string): Counted {
  const model = draft.model || requestModel;
  const normalized = normalizeUsage(draft.family, draft.usage, { model });
  const parts = draft.parts.flatMap((part): UsagePart[] => {
    const { usage } = normalizeUsage(part.family, part.usage);
    if (usage === null) return [];
    const counted = { model: part.model || model, usage };
    return [part.claim === undefined ? counted : { ...counted, claim: part.claim }];
  });
  const own = parts.length > 0 ? parts : normalized.parts;
  const summed = draft.usage === undefined || draft.family === 'realtime' ? sum(own) : null;
  const base = summed ?? normalized.usage;
  if (draft.usage === undefined && parts.length > 0) {
    draft.usageRaw = jsonText(draft.parts.map((part) => part.usage));
    draft.family = draft.parts[0]?.family ?? '';
  }
  return {
    usage: withUnits(base, draft.units),
    billedUsage: normalized.billedUsage === null ? null : withUnits(normalized.billedUsage, draft.units),
    parts: own,
    flags: normalized.flags,
  };
}

function sum(parts: readonly UsagePart[]): TokenUsage | null {
  return parts.reduce<TokenUsage | null>((total, { usage }) => (total === null ? usage : addUsage(total, usage)), null);
}

function withUnits(usage: TokenUsage | null, units: UsageUnits): TokenUsage | null {
  if (Object.keys(units).length === 0) return usage;
  const base = usage ?? EMPTY_USAGE;
  return { ...base, units: { ...base.units, ...units } };
}

function sourceOf(usage: TokenUsage | null, draft: Draft, exchange: Exchange, body: FramedBody): UsageSource {
  if (usage === null) return 'missing';
  const broken = !exchange.complete && body.kind === 'stream' && draft.finishReasons.length === 0;
  if (draft.partial || broken || draft.flags.includes('units_from_request')) return 'partial';
  return draft.flags.includes('prompt_not_counted') ? 'partial' : 'reported';
}

function servedTier(draft: Draft, headers: Readonly<Record<string, string>>): string {
  return draft.serviceTier || headers['x-gemini-service-tier'] || headers['azureai-processed-tier'] || '';
}

function regionOf(exchange: Exchange, path: string, draft: Draft, model: string): string {
  if (draft.region !== '') return draft.region;
  if (exchange.region !== undefined && exchange.region !== '') return exchange.region;
  const named = regionOfPath(path) || (/^arn:aws[\w-]*:bedrock:([a-z0-9-]+):/.exec(model)?.[1] ?? '');
  return named || (exchange.responseHeaders['x-ms-region'] ?? '');
}

const regionOfPath = remembered(
  PATHS_REMEMBERED,
  (path) =>
    /\/locations\/([^/]+)\//.exec(path)?.[1] ?? /\/bedrock-(?:runtime|mantle)\/([a-z0-9-]+)\//.exec(path)?.[1] ?? '',
);

/** Price-book ids of the names that the Hugging Face router gives the providers behind it. */
const ROUTED: Readonly<Record<string, string>> = {
  'fireworks-ai': 'fireworks',
  'fal-ai': 'fal',
  'hf-inference': 'huggingface',
  'together-ai': 'together',
};

function pricingProvider(own: string, headers: Readonly<Record<string, string>>): string {
  const served = own === 'huggingface' ? (headers['x-inference-provider'] ?? '') : '';
  if (served === '') return own;
  return Object.hasOwn(ROUTED, served) ? (ROUTED[served] ?? own) : served;
}
