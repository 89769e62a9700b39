import { readBedrockHeaders } from '../families/bedrock.ts';
import type { Draft } from '../families/draft.ts';

/** Response headers that facts are read from; whoever records an exchange keeps at least these. */
export const FACT_HEADERS: readonly string[] = [
  'azureai-processed-tier',
  'cf-ai-neurons',
  'fireworks-cached-prompt-tokens',
  'x-amzn-bedrock-cache-read-input-token-count',
  'x-amzn-bedrock-cache-write-input-token-count',
  'x-amzn-bedrock-input-token-count',
  'x-amzn-bedrock-output-token-count',
  'x-amzn-errortype',
  'x-gemini-service-tier',
  'x-inference-provider',
  'x-ms-region',
];

/** Adds the counts that a provider sends in headers (reference: providers.md §1). */
export function readCountHeaders(draft: Draft, provider: string, headers: Readonly<Record<string, string>>): void {
  if (draft.usage === undefined) readBedrockHeaders(draft, headers);
  const cached = headers['fireworks-cached-prompt-tokens'];
  if (provider === 'fireworks' && cached !== undefined && draft.usage !== undefined) {
    // A count of the body, where newer versions send one, comes first.
    draft.usage = { cached_tokens: cached, ...draft.usage };
  }
  const neurons = Number(headers['cf-ai-neurons'] ?? 0);
  if (provider === 'workers-ai' && Number.isFinite(neurons) && neurons > 0) draft.units.neurons = neurons;
}
