import { normalizeAnthropic } from './anthropic.ts';
import { normalizeConverse } from './bedrock.ts';
import { normalizeChat } from './chat.ts';
import { normalizeCohere } from './cohere.ts';
import { NOTHING, type NormalizedUsage } from './counts.ts';
import { normalizeGemini, normalizeInteractions } from './gemini.ts';
import { asObject } from './json-object.ts';
import { normalizePair, normalizeSimpleInput, normalizeUnits } from './plain.ts';
import { normalizeResponses } from './responses.ts';

export interface NormalizeContext {
  /** Model of the response: the model of parts that name none. */
  readonly model?: string;
}

/**
 * One provider usage object to the normal form. A suffix without a rule of its own reads as the plain family; an
 * unknown family or an object without counts gives `usage: null`. Never throws.
 * @param family as in reference providers.md §2: `chat`, `chat:mistral`, `responses`, `anthropic`, `gemini`, ….
 */
export function normalizeUsage(family: string, raw: unknown, context: NormalizeContext = {}): NormalizedUsage {
  const object = asObject(raw);
  if (object === undefined) return NOTHING;
  const colon = family.indexOf(':');
  const name = colon < 0 ? family : family.slice(0, colon);
  switch (name) {
    case 'chat':
      return normalizeChat(object, colon < 0 ? '' : family.slice(colon + 1));
    case 'responses':
    case 'realtime':
      return normalizeResponses(object);
    case 'anthropic':
      return normalizeAnthropic(object, context.model ?? '');
    case 'gemini':
      return normalizeGemini(object);
    case 'interactions':
      return normalizeInteractions(object);
    case 'converse':
    case 'invmetrics':
      return normalizeConverse(object);
    case 'cohere':
      return normalizeCohere(object);
    case 'simple_in':
      return normalizeSimpleInput(object);
    case 'ollama':
      return normalizePair(object, 'prompt_eval_count', 'eval_count');
    case 'llama':
      return normalizePair(object, 'prompt_token_count', 'generation_token_count');
    case 'replicate':
      return normalizePair(object, 'input_token_count', 'output_token_count');
    case 'counted':
      return normalizePair(object, 'input_tokens', 'output_tokens');
    case 'pages':
      return normalizeUnits(object, { pages_processed: 'documentPages' });
    default:
      return NOTHING;
  }
}
