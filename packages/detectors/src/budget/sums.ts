import type { Budget, Threshold } from './budget.ts';

/** What a scope has used up in a span of time. */
export interface Sums {
  /** Pico-dollars. */
  spent: bigint;
  requests: number;
  tokens: number;
  /** Requests whose cost is unknown: their money is in no sum (I5). */
  unpriced: number;
}

/** One ledger row, as far as budgets are concerned. */
export interface Spend {
  readonly requestId: string;
  /** Event time, ms: when the ingress accepted the call. */
  readonly ts: number;
  /** Pico-dollars; null = unknown. */
  readonly cost: bigint | null;
  readonly tokens: number;
}

export const emptySums = (): Sums => ({ spent: 0n, requests: 0, tokens: 0, unpriced: 0 });

export function addSpend(sums: Sums, spend: Spend): void {
  sums.requests += 1;
  sums.tokens += spend.tokens;
  if (spend.cost === null) sums.unpriced += 1;
  else sums.spent += spend.cost;
}

export function subtractSums(sums: Sums, part: Sums): void {
  sums.requests -= part.requests;
  sums.tokens -= part.tokens;
  sums.unpriced -= part.unpriced;
  sums.spent -= part.spent;
}

/** What one spend adds to what is held against the limit. */
export function amountOf(budget: Budget, spend: Spend): bigint {
  if (budget.limit.kind === 'usd') return spend.cost ?? 0n;
  return budget.limit.kind === 'tokens' ? BigInt(spend.tokens) : 1n;
}

/** What is held against the limit, in the limit's own unit. */
export function measure(budget: Budget, sums: Readonly<Sums>): bigint {
  if (budget.limit.kind === 'usd') return sums.spent;
  return BigInt(budget.limit.kind === 'tokens' ? sums.tokens : sums.requests);
}

/** @param limit the one in force. */
export function reaches(budget: Budget, sums: Sums, threshold: Threshold, limit: bigint): boolean {
  return measure(budget, sums) * threshold.denominator >= limit * threshold.numerator;
}

export const WHOLE: Threshold = { share: 1, numerator: 1n, denominator: 1n };

/** Where the budget stands: `ok` below its limit, then what it is configured to become. */
export function levelOf(budget: Budget, sums: Sums, limit: bigint): 'ok' | 'soft' | 'hard' {
  return reaches(budget, sums, WHOLE, limit) ? budget.enforcement : 'ok';
}

const SHARE_STEPS = 1_000_000n;

/** Spent by limit, for people and gauges only. */
export function shareOf(budget: Budget, sums: Sums, limit: bigint): number {
  return Number((measure(budget, sums) * SHARE_STEPS) / limit) / Number(SHARE_STEPS);
}

/** JSON form: money as text. */
export type SumsJson = readonly [spent: string, requests: number, tokens: number, unpriced: number];

export const sumsToJson = (sums: Sums): SumsJson => [String(sums.spent), sums.requests, sums.tokens, sums.unpriced];

export function sumsFromJson([spent, requests, tokens, unpriced]: SumsJson): Sums {
  return { spent: BigInt(spent), requests, tokens, unpriced };
}
