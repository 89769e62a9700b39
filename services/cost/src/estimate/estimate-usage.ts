import type { RequestEvent } from '@weir/events';
import { type EstimableText, estimableText } from '@weir/providers';
import { EMPTY_USAGE } from '@weir/usage';
import { exchangeOf, type RequestFacts } from '../request-facts.ts';
import type { Encoding, Tokenizer } from './tokenizer.ts';

const OPERATIONS = new Set(['chat', 'text_completion', 'generate_content', 'embeddings']);
/** Tokens of the format around each message, and around the prompt (OpenAI chat). */
const TOKENS_PER_MESSAGE = 3;
const TOKENS_PER_PROMPT = 3;

/** How a model's own vocabulary counts against o200k on English text (reference: pricing.md §3). */
const FACTORS: readonly (readonly [models: RegExp, factor: number])[] = [
  [/claude/, 1.2],
  [/gemini|gemma/, 1.1],
  [/mistral|mixtral|codestral|ministral|magistral/, 1.2],
];
const CL100K = /^(?:gpt-4(?:-|$)|gpt-3\.5|gpt-35|text-embedding-)/;

/**
 * Whether an event's usage can only be told by counting its texts: the provider sent none, or the answer broke off
 * before the count of its output. An error, a free endpoint and a repeated usage are nothing to estimate.
 */
export function needsEstimate(event: RequestEvent, facts: RequestFacts): boolean {
  if (event.facts !== '' || event.status < 200 || event.status >= 300 || event.cache_status === 'hit') return false;
  if (!OPERATIONS.has(facts.operation) || facts.reportedCostUsd !== '') return false;
  if (facts.usage === null) return facts.flags.includes('usage_missing') || facts.error?.midStream === true;
  return (
    facts.usageSource === 'partial' && !facts.flags.includes('units_from_request') && facts.usageParts.length === 0
  );
}

/** The facts with an estimate in place of what the provider did not count; as they were when it cannot be made. */
export async function withEstimate(
  event: RequestEvent,
  facts: RequestFacts,
  tokenizer: Tokenizer,
): Promise<RequestFacts> {
  const text = estimableText(exchangeOf(event));
  // Without a word of output nobody can tell whether the provider began to work, and so to bill.
  if (text.output.length === 0 && facts.operation !== 'embeddings' && facts.usage === null) return facts;
  const model = (facts.responseModel || facts.requestModel).toLowerCase();
  const tokens = await tokenizer.count(encodingOf(model), [...(text.prompt ?? []), ...text.output]);
  if (tokens === null) return facts;
  return estimated(facts, text, tokens, factorOf(model), event.complete);
}

function encodingOf(model: string): Encoding {
  return CL100K.test(model) ? 'cl100k' : 'o200k';
}

function factorOf(model: string): number {
  return FACTORS.find(([models]) => models.test(model))?.[1] ?? 1;
}

function estimated(
  facts: RequestFacts,
  text: EstimableText,
  tokens: readonly number[],
  factor: number,
  complete: boolean,
): RequestFacts {
  const promptTexts = text.prompt?.length ?? 0;
  const sum = (counts: readonly number[]): number => Math.round(counts.reduce((total, one) => total + one, 0) * factor);
  const frame = facts.operation === 'embeddings' ? 0 : TOKENS_PER_MESSAGE * text.messages + TOKENS_PER_PROMPT;
  const prompt = text.prompt === null ? null : sum(tokens.slice(0, promptTexts)) + frame;
  const output = facts.operation === 'embeddings' ? 0 : sum(tokens.slice(promptTexts));
  const known = facts.usage ?? EMPTY_USAGE;
  const flags = [...facts.flags.filter((flag) => flag !== 'usage_missing')];
  let { inputTokens, outputTokens } = known;
  if (inputTokens === 0) {
    // A prompt that was not kept whole has no size: the rest of the usage would pass for all of it.
    if (prompt === null) return facts;
    inputTokens = prompt;
    flags.push('input_estimated');
    if (text.hasMedia) flags.push('media_not_estimated');
  }
  if (output > outputTokens) {
    outputTokens = output;
    flags.push('output_estimated');
  }
  if (inputTokens === known.inputTokens && outputTokens === known.outputTokens) return facts;
  const usage = { ...known, inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
  // What arrived of a broken answer is part of the truth; of a whole one without usage nothing is.
  const usageSource = facts.usageSource === 'partial' || !complete ? 'partial' : 'estimated';
  return { ...facts, usage, usageSource, flags };
}
