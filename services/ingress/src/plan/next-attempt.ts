import type { IngressErrorCode } from '../errors.ts';
import type { ResponseHead } from '../wire/response-headers.ts';
import type { CallStep } from './call-step.ts';
import { isRetriedAnswer, isRetriedFailure, retryAfterMs, retryDelayMs } from './retry-policy.ts';

/** The attempt to make next. */
export interface NextAttempt {
  readonly step: number;
  readonly attempt: number;
  readonly delayMs: number;
}

/** What an attempt came to: a head, or a failure without one. */
export interface AttemptResult {
  /** 0 without an answer. */
  readonly status: number;
  readonly head: ResponseHead | undefined;
  readonly code: IngressErrorCode | '';
}

export interface NextAttemptContext {
  /** A provider that asks to wait longer is not asked again. */
  readonly retryAfterMaxMs: number;
  /** Wall clock. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** What follows an attempt: the same step again, the next one, or nothing. */
export function nextAttempt(
  steps: readonly CallStep[],
  { step: index, attempt }: { readonly step: number; readonly attempt: number },
  { status, head, code }: AttemptResult,
  { retryAfterMaxMs, nowMs, random }: NextAttemptContext,
): NextAttempt | undefined {
  const step = steps[index];
  if (step === undefined || (status > 0 && status < 400)) return undefined;
  const retried = head === undefined ? isRetriedFailure(code) : isRetriedAnswer(status, head.recorded);
  if (retried && attempt < step.retry.maxAttempts) {
    const asked = head === undefined ? 0 : retryAfterMs(head.recorded, nowMs);
    const delayMs = Math.max(asked, retryDelayMs(step.retry, attempt, random));
    if (asked <= retryAfterMaxMs) return { step: index, attempt: attempt + 1, delayMs };
  }
  return index + 1 < steps.length ? { step: index + 1, attempt: 1, delayMs: 0 } : undefined;
}
