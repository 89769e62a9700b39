import { remembered } from '@weir/kernel';
import type { Call } from '../ledger/call-record.ts';
import type { IngressDependencies } from '../ports.ts';
import type { WorstCall } from './call-meter.ts';

/** Of JSON text, fewer bytes than this make no token in any script that is common; base64 counts far too high. */
const BYTES_PER_TOKEN = 3;
/** Keys of request bodies, as they stand in JSON text: inside a string their quotes would be escaped. */
const MODEL = /"(?:model|modelId)"\s*:\s*"([^"\\]{1,256})"/;
const MAX_OUTPUT =
  /"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens|maxTokens|max_new_tokens|num_predict)"\s*:\s*(\d{1,9})/g;
const CHOICE_KEYS = ['"n"', '"candidateCount"', '"candidate_count"', '"num_generations"'] as const;
const CHOICES = /"(?:n|candidateCount|candidate_count|num_generations)"\s*:\s*(\d{1,3})\b/g;
const TIER = /"(?:service_tier|serviceTier)"\s*:\s*"([a-z_]{1,32})"/;
const CACHES = /"(?:cache_control|cachePoint)"\s*:/;
const PATHS_REMEMBERED = 512;

export type EstimateCall = (call: Call, body: Buffer | null, nowMs: number) => WorstCall;

/**
 * Reads the most that a call may use off its request, without parsing it: bytes for the input, the largest output limit
 * that it names (else `assumedOutputTokens`) times the choices it asks for.
 */
export function createEstimator(
  readExchange: IngressDependencies['readExchange'],
  assumedOutputTokens: number,
): EstimateCall {
  const modelOfPath = remembered(PATHS_REMEMBERED, (key: string) => {
    const [provider = '', path = ''] = key.split('\n');
    return readExchange({ ...NOTHING, provider, path }).requestModel;
  });
  return (call, body, nowMs) => {
    const { provider, region, account, gateway, path } = call.target;
    const text = body === null || call.requestEncoding !== '' ? '' : body.toString('latin1');
    const named = MODEL.exec(text)?.[1] ?? '';
    const outputTokens = largest(text, MAX_OUTPUT) ?? assumedOutputTokens;
    return {
      provider,
      region,
      account,
      gateway,
      model: named === '' ? modelOfPath(`${provider}\n${path}`) : named,
      serviceTier: TIER.exec(text)?.[1] ?? '',
      inputTokens: Math.ceil((body?.length ?? 0) / BYTES_PER_TOKEN),
      outputTokens: body === null ? 0 : outputTokens * choicesOf(text),
      cachesInput: CACHES.test(text),
      at: nowMs,
    };
  };
}

const EMPTY = { head: new Uint8Array(0), tail: new Uint8Array(0), bytes: 0 };
const NOTHING = {
  method: 'POST',
  status: 0,
  requestContentType: '',
  responseContentType: '',
  responseHeaders: {},
  request: EMPTY,
  response: EMPTY,
  complete: false,
} as const;

/** Asked of few calls: looking for the names first spares most long prompts the pattern. */
function choicesOf(text: string): number {
  return CHOICE_KEYS.some((key) => text.includes(key)) ? Math.max(1, largest(text, CHOICES) ?? 1) : 1;
}

function largest(text: string, pattern: RegExp): number | undefined {
  let found: number | undefined;
  for (const [, digits = ''] of text.matchAll(pattern)) found = Math.max(found ?? 0, Number(digits));
  return found;
}
