import type { JsonObject } from '../normalize/json-object.ts';
import type { ReadContext } from './draft.ts';

/** Variant of the chat rule that a provider's chat endpoint needs (reference: providers.md §2.1). */
export function chatFamily(provider: string): string {
  switch (provider) {
    case 'grok':
      return 'chat:xai_chat';
    case 'mistral':
      return 'chat:mistral';
    case 'perplexity-ai':
      return 'chat:perplexity';
    case 'google-ai-studio':
    case 'google-vertex-ai':
      return 'chat:gemini_openai';
    default:
      return 'chat';
  }
}

const CHAT_FAMILIES = ['chat', 'chat:mistral', 'chat:xai_chat', 'chat:perplexity', 'chat:gemini_openai'];
const OTHER_FAMILIES = ['responses', 'anthropic', 'converse', 'gemini', 'cohere'];

/** Every family that may have read a usage object, the likeliest first: which one it was, its counts tell. */
export function* familiesOfUsage(usage: JsonObject, context: ReadContext): Generator<string> {
  const first = familyOfUsage(usage, context);
  if (first !== '') yield first;
  const asChat = 'prompt_tokens' in usage || 'completion_tokens' in usage;
  if (asChat) yield chatFamily(context.provider);
  yield* asChat ? CHAT_FAMILIES : OTHER_FAMILIES;
}

/** The family that reads a usage object, by its fields; '' when it has none that is known. */
export function familyOfUsage(usage: JsonObject, context: ReadContext): string {
  if ('promptTokenCount' in usage || 'totalTokenCount' in usage || 'candidatesTokenCount' in usage) return 'gemini';
  if ('inputTokens' in usage || 'outputTokens' in usage) return 'converse';
  if ('inputTokenCount' in usage) return 'invmetrics';
  if ('total_input_tokens' in usage) return 'interactions';
  if ('billed_units' in usage || 'tokens' in usage) return 'cohere';
  if ('prompt_tokens' in usage || 'completion_tokens' in usage) {
    const embeds = /embed/.test(context.path) || !('completion_tokens' in usage);
    return embeds ? 'simple_in' : chatFamily(context.provider);
  }
  if ('input_tokens' in usage || 'output_tokens' in usage) return inputTokensFamily(usage);
  if (usage['type'] === 'duration') return 'responses';
  if ('prompt_eval_count' in usage || 'eval_count' in usage) return 'ollama';
  if ('pages_processed' in usage) return 'pages';
  return 'total_tokens' in usage ? 'simple_in' : '';
}

function inputTokensFamily(usage: JsonObject): string {
  const anthropic =
    'cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage || 'cache_creation' in usage;
  if (anthropic) return 'anthropic';
  const openai = 'total_tokens' in usage || 'input_tokens_details' in usage || 'input_token_details' in usage;
  return openai ? 'responses' : 'anthropic';
}
