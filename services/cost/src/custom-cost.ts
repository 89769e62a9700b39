import { divideHalfEven, parseDecimal } from '@weir/kernel';
import type { CostLine } from '@weir/pricing';
import { plainDecimal } from '@weir/providers';
import type { TokenUsage } from '@weir/usage';
import type { PricedFacts } from './price-facts.ts';

const KEYS = ['per_token_in', 'per_token_out', 'per_cache_read_token', 'per_cache_write_token', 'total_cost'] as const;
type Key = (typeof KEYS)[number];

/** Rates that a caller set for one call, decimal USD as written; a missing key was not given. */
export type CustomCost = Readonly<Partial<Record<Key, string>>>;

const MEMBER = /"([a-z_]+)"\s*:\s*"?([0-9.eE+-]+)"?\s*(?=[,}])/g;
const PICO_PER_USD = 10n ** 12n;
const RATE_ID = 'cf-aig-custom-cost';

/**
 * Reads `cf-aig-custom-cost` (reference: cloudflare-ai-gateway.md §2.1) without making a float of a rate; null when it
 * is not of its form. Rates need both tokens in and out, or a total.
 */
export function readCustomCost(header: string): CustomCost | null {
  const rates: Partial<Record<Key, string>> = {};
  try {
    const value: unknown = JSON.parse(header);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    for (const [, name, number = ''] of header.matchAll(MEMBER)) {
      const key = KEYS.find((known) => known === name);
      if (key === undefined) continue;
      const decimal = plainDecimal(number);
      if (decimal === '') return null;
      rates[key] = decimal;
    }
  } catch {
    return null;
  }
  const complete = rates.total_cost !== undefined || (rates.per_token_in ?? rates.per_token_out) !== undefined;
  return complete ? rates : null;
}

/** What a call costs by the caller's own rates: in place of the list's and of what the provider says. */
export function priceByCaller(custom: CustomCost, usage: TokenUsage): Pick<PricedFacts, 'lines' | 'total'> {
  if (custom.total_cost !== undefined) {
    const line = lineOf('total', 1, 'call', custom.total_cost);
    return { lines: [line], total: line.amount };
  }
  const { per_token_in: input = '0', per_token_out: output = '0' } = custom;
  const cached = custom.per_cache_read_token ?? custom.per_cache_write_token;
  const lines: CostLine[] = [];
  const add = (name: string, quantity: number, rate: string): void => {
    if (quantity > 0) lines.push(lineOf(name, quantity, 'token', rate));
  };
  if (cached === undefined) add('input', usage.inputTokens, input);
  else {
    // One cache rate brings both into play; the missing one is the rate of fresh input.
    add('input', Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens), input);
    add('cache_read', usage.cacheReadTokens, custom.per_cache_read_token ?? input);
    add('cache_write', usage.cacheWriteTokens, custom.per_cache_write_token ?? input);
  }
  add('output', usage.outputTokens, output);
  return { lines, total: lines.reduce((sum, line) => sum + (line.amount ?? 0n), 0n) };
}

function lineOf(name: string, quantity: number, unit: string, rate: string): CostLine {
  const { numerator, denominator } = parseDecimal(rate);
  const amount = divideHalfEven(BigInt(quantity) * numerator * PICO_PER_USD, denominator);
  return { class: name, quantity, unit, rate, per: 1, rateId: RATE_ID, amount };
}
