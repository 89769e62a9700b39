import { picoFromText, picoToText } from '@weir/kernel';
import type { Draft } from '../families/draft.ts';
import { cutMember } from '../framing/json-scan.ts';
import { plainDecimal } from './decimal-text.ts';

/** One tick of xAI is 1e-10 USD. */
const TICK_SHIFT = -10;

/**
 * What the provider says the call cost, as decimal USD text read from the wire; '' when it says nothing. A reported 0
 * for used tokens counts as nothing where the provider is known to send it in place of the cost (providers.md §1, §5).
 */
export function reportedCost(provider: string, draft: Draft): string {
  const raw = draft.usageRaw;
  switch (provider) {
    case 'openrouter':
      return openrouterCost(raw, draft.flags);
    case 'grok':
      return draft.parts.length > 0 ? partTicks(draft) : ticks(cutMember(raw, ['cost_in_usd_ticks']));
    case 'perplexity-ai':
      return plainDecimal(cutMember(raw, ['cost', 'total_cost']));
    default:
      return '';
  }
}

function ticks(text: string): string {
  const cost = plainDecimal(text, TICK_SHIFT);
  return cost === '0' ? '' : cost;
}

function partTicks(draft: Draft): string {
  const sum = draft.parts.reduce((total, part) => {
    const value = part.usage['cost_in_usd_ticks'];
    return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? total + BigInt(value) : total;
  }, 0n);
  return ticks(sum.toString());
}

/** With a key of the owner's own, `cost` is only OpenRouter's fee: the provider's charge is added to it. */
function openrouterCost(raw: string, flags: string[]): string {
  const fee = plainDecimal(cutMember(raw, ['cost']));
  if (cutMember(raw, ['is_byok']) !== 'true') return fee;
  flags.push('byok');
  const upstream = plainDecimal(cutMember(raw, ['cost_details', 'upstream_inference_cost']));
  if (upstream === '') return '';
  return fee === '' || fee === '0' ? upstream : picoToText(picoFromText(fee) + picoFromText(upstream));
}
