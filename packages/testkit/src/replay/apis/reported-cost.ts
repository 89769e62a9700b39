import { picoToText } from '@weir/kernel';
import type { TokenUsage } from '@weir/usage';

interface Rates {
  /** Pico-dollars per token: $1 per million tokens is 1,000,000. */
  readonly input: bigint;
  readonly cached: bigint;
  readonly output: bigint;
}

const perMillion = (cents: bigint): bigint => cents * 10_000n;

// Made-up flat rates near the real ones: a reported cost need only be exact, not the list price.
const DEFAULT_RATES: Rates = { input: perMillion(100n), cached: perMillion(25n), output: perMillion(400n) };
const RATES: Readonly<Record<string, Rates>> = {
  'openai/gpt-4o-mini': { input: perMillion(15n), cached: 75_000n, output: perMillion(60n) },
  'anthropic/claude-haiku-4.5': { input: perMillion(100n), cached: perMillion(10n), output: perMillion(500n) },
  'grok-3-mini': { input: perMillion(30n), cached: 75_000n, output: perMillion(50n) },
  'grok-4': { input: perMillion(300n), cached: perMillion(75n), output: perMillion(1500n) },
};

const PICO_PER_TICK = 100n;
const PERPLEXITY_REQUEST = 5_000_000_000n;

function picoCost(usage: TokenUsage, model: string): bigint {
  const rates = (Object.hasOwn(RATES, model) ? RATES[model] : undefined) ?? DEFAULT_RATES;
  return (
    BigInt(usage.inputTokens - usage.cacheReadTokens) * rates.input +
    BigInt(usage.cacheReadTokens) * rates.cached +
    BigInt(usage.outputTokens) * rates.output
  );
}

/** xAI's `cost_in_usd_ticks`: ten thousand million of them are one dollar. */
export function xaiTicks(usage: TokenUsage, model: string): bigint {
  return picoCost(usage, model) / PICO_PER_TICK;
}

/** What each provider's body says the call cost, US dollars as decimal text. */
export const reportedCostUsd = {
  xai: (usage: TokenUsage, model: string): string => picoToText(xaiTicks(usage, model) * PICO_PER_TICK),
  openRouter: (usage: TokenUsage, model: string): string => picoToText(picoCost(usage, model)),
} as const;

/** Perplexity's `usage.cost`: $1 per million tokens either way and $5 per thousand requests, as decimal texts. */
export function perplexityCost(
  usage: TokenUsage,
): Readonly<Record<'input_tokens_cost' | 'output_tokens_cost' | 'request_cost' | 'total_cost', string>> {
  const input = BigInt(usage.inputTokens) * perMillion(100n);
  const output = BigInt(usage.outputTokens) * perMillion(100n);
  return {
    input_tokens_cost: picoToText(input),
    output_tokens_cost: picoToText(output),
    request_cost: picoToText(PERPLEXITY_REQUEST),
    total_cost: picoToText(input + output + PERPLEXITY_REQUEST),
  };
}
