import type { TokenUsage, UsageUnits } from '@weir/usage';
import { exactNumber, type JsonObject } from '../json-access.ts';
import { perplexityCost, reportedCostUsd, xaiTicks } from './reported-cost.ts';

/** How a provider's OpenAI-shaped chat API differs from OpenAI's (reference: providers.md §1 and §3). */
export interface ChatDialect {
  /** Where a stream carries usage. `asked`: a last chunk without choices, only with `include_usage`. */
  readonly streamUsage: 'asked' | 'last-chunk' | 'finish-chunk' | 'every-chunk' | 'x-groq';
  /** True when the stream ends with `data: [DONE]`. */
  readonly done: boolean;
  /** Name of the field that shows the reasoning; '' when it is hidden. */
  readonly reasoningField: '' | 'reasoning' | 'reasoning_content';
  /** True when a streamed tool call comes whole, in one event. */
  readonly wholeToolCalls: boolean;
  /** Response header with the request id. */
  readonly requestIdHeader: string;
  /** A comment line before the first event; '' for none. */
  readonly comment: string;
  /** What every answer uses besides tokens. */
  readonly units: UsageUnits;
  usage(usage: TokenUsage, model: string): JsonObject;
  /** Decimal text, '' when the API reports no cost. */
  costUsd(usage: TokenUsage, model: string): string;
}

function openAiUsage(usage: TokenUsage): JsonObject {
  const write = usage.cacheWriteTokens > 0 ? { cache_write_tokens: usage.cacheWriteTokens } : {};
  return {
    ...plainUsage(usage),
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, audio_tokens: 0, ...write },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function plainUsage(usage: TokenUsage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
  };
}

function cachedUsage(usage: TokenUsage): JsonObject {
  return { ...plainUsage(usage), prompt_tokens_details: { cached_tokens: usage.cacheReadTokens } };
}

const OPENAI: ChatDialect = {
  streamUsage: 'asked',
  done: true,
  reasoningField: '',
  wholeToolCalls: false,
  requestIdHeader: 'x-request-id',
  comment: '',
  units: {},
  usage: openAiUsage,
  costUsd: () => '',
};

const XAI: ChatDialect = {
  ...OPENAI,
  streamUsage: 'last-chunk',
  reasoningField: 'reasoning_content',
  // Reasoning is counted beside completion here, not inside it.
  usage: (usage, model) => ({
    ...plainUsage(usage),
    completion_tokens: usage.outputTokens - usage.reasoningTokens,
    prompt_tokens_details: {
      text_tokens: usage.inputTokens,
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: usage.cacheReadTokens,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    num_sources_used: 0,
    cost_in_usd_ticks: exactNumber(xaiTicks(usage, model).toString()),
  }),
  costUsd: reportedCostUsd.xai,
};

const DIALECTS: Readonly<Record<string, ChatDialect>> = {
  openai: OPENAI,
  mistral: {
    ...OPENAI,
    streamUsage: 'finish-chunk',
    wholeToolCalls: true,
    requestIdHeader: 'mistral-correlation-id',
    usage: cachedUsage,
  },
  groq: {
    ...OPENAI,
    streamUsage: 'x-groq',
    reasoningField: 'reasoning',
    usage: (usage) => ({
      queue_time: 0.01,
      prompt_time: 0.005,
      completion_time: 0.029,
      total_time: 0.044,
      ...cachedUsage(usage),
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    }),
  },
  deepseek: {
    ...OPENAI,
    streamUsage: 'finish-chunk',
    reasoningField: 'reasoning_content',
    requestIdHeader: 'x-ds-trace-id',
    comment: ': keep-alive\n\n',
    usage: (usage) => ({
      ...cachedUsage(usage),
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      prompt_cache_hit_tokens: usage.cacheReadTokens,
      prompt_cache_miss_tokens: usage.inputTokens - usage.cacheReadTokens,
    }),
  },
  grok: XAI,
  openrouter: {
    ...OPENAI,
    streamUsage: 'last-chunk',
    reasoningField: 'reasoning',
    requestIdHeader: 'x-generation-id',
    comment: ': OPENROUTER PROCESSING\n\n',
    usage: (usage, model) => ({
      ...openAiUsage(usage),
      cost: exactNumber(reportedCostUsd.openRouter(usage, model)),
      is_byok: false,
      cost_details: { upstream_inference_cost: null },
    }),
    costUsd: reportedCostUsd.openRouter,
  },
  'perplexity-ai': {
    ...OPENAI,
    streamUsage: 'every-chunk',
    done: false,
    // Each request is one search, which `request_cost` charges.
    units: { webSearches: 1 },
    usage: (usage) => ({
      ...plainUsage(usage),
      search_context_size: 'low',
      cost: Object.fromEntries(Object.entries(perplexityCost(usage)).map(([key, text]) => [key, exactNumber(text)])),
    }),
    costUsd: (usage) => perplexityCost(usage).total_cost,
  },
  'workers-ai': { ...OPENAI, streamUsage: 'finish-chunk', requestIdHeader: 'cf-ray', usage: plainUsage },
  cerebras: { ...OPENAI, streamUsage: 'finish-chunk', done: false, reasoningField: 'reasoning' },
  together: {
    ...OPENAI,
    streamUsage: 'finish-chunk',
    usage: (usage) => ({ ...plainUsage(usage), cached_tokens: usage.cacheReadTokens }),
  },
  fireworks: { ...OPENAI, streamUsage: 'finish-chunk', usage: cachedUsage },
  // The OpenAI-compatible endpoint hides thoughts: they are in the total only.
  'google-ai-studio': {
    ...OPENAI,
    usage: (usage) => ({ ...plainUsage(usage), completion_tokens: usage.outputTokens - usage.reasoningTokens }),
  },
};

/** Providers whose prompt cache the replies imitate; the others report no cached tokens. */
const CACHING = new Set([
  'openai',
  'azure-openai',
  'mistral',
  'groq',
  'deepseek',
  'grok',
  'openrouter',
  'together',
  'fireworks',
  'cerebras',
]);

export function chatDialect(provider: string): ChatDialect {
  return Object.hasOwn(DIALECTS, provider) ? (DIALECTS[provider] ?? OPENAI) : OPENAI;
}

/** How the provider caches prompts of the model: GPT-5.6 and newer report writes too. */
export function chatCaching(provider: string, model: string): 'automatic' | 'automatic-with-writes' | 'none' {
  if (!CACHING.has(provider)) return 'none';
  return /^gpt-5\.[6-9]/.test(model) ? 'automatic-with-writes' : 'automatic';
}
