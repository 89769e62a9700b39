import type { AttemptClaim, ClaimEnd } from './attempt-claim.ts';
import type { WorstCall } from './call-meter.ts';
import type { DimensionsOf } from './dimension-names.ts';
import { type Counted, nanoFromPico, type RateLimit } from './rate-limit.ts';

export interface ClaimedCall {
  readonly valueIn: DimensionsOf;
  readonly worst: WorstCall | undefined;
  /** Worst price in pico-dollars; null when it is unknown. */
  readonly usd: bigint | null;
  /** False for the later attempts of a call. */
  readonly first: boolean;
}

/** Undefined when the attempt does not count: a later one of a call counts as no further request. */
export function claimOfLimit(limit: RateLimit, call: ClaimedCall): AttemptClaim | undefined {
  if (limit.counted === 'requests' && !call.first) return undefined;
  const meter = limit.meter(call.valueIn);
  // A single call that could use more than the whole limit is let through when nothing else is counted.
  const amount = Math.min(limit.limit, worstOf(limit.counted, call));
  return {
    kind: 'limit',
    counted: limit.counted,
    claim: { meter, amount, limit: limit.limit },
    refusal: ({ used, waitMs }) => ({
      code: 'INGRESS_RATE_LIMITED',
      detail: `The limit "${limit.name}" of ${shown(limit)} in ${limit.windowMs / 1_000} s is reached.`,
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
      headers: [...limitHeaders(limit, used), ...openAiHeaders(limit, used, waitMs)],
    }),
    answerHeaders: (used) => limitHeaders(limit, used),
    changes: (end) => {
      const change = usedBy(limit.counted, end) - amount;
      return change === 0 ? [] : [{ meter, amount: change, atMs: end.atMs }];
    },
  };
}

/** What a call may use at most, in the unit that is counted. */
export function worstOf(counted: Counted, { worst, usd }: Pick<ClaimedCall, 'worst' | 'usd'>): number {
  if (counted === 'requests') return 1;
  if (counted === 'tokens') return (worst?.inputTokens ?? 0) + (worst?.outputTokens ?? 0);
  return usd === null ? 0 : nanoFromPico(usd);
}

/** What an attempt has used; unknown money counts as none, as it does in the ledger's sums. */
export function usedBy(counted: Counted, { sent, actual }: ClaimEnd): number {
  if (!sent) return 0;
  if (counted === 'requests') return 1;
  if (counted === 'tokens') return actual?.tokens ?? 0;
  return nanoFromPico(actual?.usd ?? 0n);
}

function limitHeaders(limit: RateLimit, used: number): string[] {
  const left = Math.max(0, limit.limit - used);
  return [
    ...['cf-aig-ratelimit-name', limit.name, 'cf-aig-ratelimit-limit', amountText(limit.counted, limit.limit)],
    ...['cf-aig-ratelimit-remaining', amountText(limit.counted, left), 'cf-aig-ratelimit-unit', limit.counted],
  ];
}

/** The headers that SDKs know from OpenAI; only on Weir's own answer, since the provider's own pass through. */
function openAiHeaders({ counted, limit }: RateLimit, used: number, waitMs: number): string[] {
  return [
    ...[`x-ratelimit-limit-${counted}`, amountText(counted, limit)],
    ...[`x-ratelimit-remaining-${counted}`, amountText(counted, Math.max(0, limit - used))],
    ...[`x-ratelimit-reset-${counted}`, `${Math.max(1, Math.ceil(waitMs / 1_000))}s`],
  ];
}

const shown = ({ counted, limit }: RateLimit): string => `${amountText(counted, limit)} ${counted}`;

const NANO_PER_USD = 1_000_000_000;
const NANO_DIGITS = 9;

/** Decimal text of what is counted: money in dollars. */
export function amountText(counted: Counted, amount: number): string {
  if (counted !== 'usd') return String(amount);
  const fraction = amount % NANO_PER_USD;
  const whole = String((amount - fraction) / NANO_PER_USD);
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(NANO_DIGITS, '0').replace(/0+$/, '')}`;
}
