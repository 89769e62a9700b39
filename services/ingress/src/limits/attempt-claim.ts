import type { Change, Claim, Verdict } from '@weir/shared-state';
import type { Refusal } from '../wire/refusal.ts';
import type { CallMeter } from './call-meter.ts';
import type { Counted } from './rate-limit.ts';

/** How an attempt ended, for what it had claimed. */
export interface ClaimEnd {
  /** False: nothing went upstream. */
  readonly sent: boolean;
  /** Undefined where nothing was counted. */
  readonly actual: ReturnType<CallMeter['actual']> | undefined;
  /** When the claim was granted. */
  readonly atMs: number;
  readonly nowMs: number;
}

/** More of what an attempt was granted. */
export interface Growth {
  readonly claim: Claim;
  /** It was counted, at this time. */
  granted(atMs: number): void;
}

/** What one rate limit or budget is asked for an attempt. */
export interface AttemptClaim {
  readonly kind: 'limit' | 'budget';
  readonly counted: Counted;
  readonly claim: Claim;
  refusal(verdict: Extract<Verdict, { granted: false }>): Refusal;
  /** Flat list; `used` is what is counted now. */
  answerHeaders(used: number): readonly string[];
  /** What further output tokens claim; without it the answer is never cut. */
  grow?(outputTokens: number): Growth;
  /** What makes the counters right. */
  changes(end: ClaimEnd): readonly Change[];
}
