import { errorMessage } from '@weir/kernel';
import type { Claim, Verdict } from '@weir/shared-state';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { AttemptClaim } from './attempt-claim.ts';
import type { BudgetBoard } from './budget-board.ts';
import { dimensionsOf } from './call-dimensions.ts';
import type { WorstCall } from './call-meter.ts';
import type { DimensionsOf } from './dimension-names.ts';
import type { EstimateCall } from './estimate-call.ts';
import { claimOfLimit } from './limit-claim.ts';
import type { RateLimit } from './rate-limit.ts';
import type { CountingContext, Settlements } from './settlements.ts';
import type { EnterResult, Leave, StepGate } from './step-gate.ts';
import { StreamWatch } from './stream-watch.ts';

/** What the limits of one ingress share. */
export interface LimitContext {
  readonly counting: CountingContext;
  readonly estimate: EstimateCall;
  readonly budgets: BudgetBoard | undefined;
  /** False: what cannot be counted is refused. */
  readonly allowUncounted: boolean;
  readonly settlements: Settlements;
}

/**
 * Puts rate limits and budgets in front of `inner`: each attempt claims what it may use at most, of all of them in one
 * step, and sets it right when it has ended. Undefined when there is nothing to ask.
 */
export function limitGate(
  context: LimitContext,
  limits: readonly RateLimit[],
  inner: StepGate | undefined,
): StepGate | undefined {
  const { budgets } = context;
  if (limits.length === 0 && budgets === undefined) return inner;
  const estimates = budgets?.estimates === true || limits.some(({ counted }) => counted !== 'requests');
  return {
    needsBody: estimates || inner?.needsBody === true,
    ...(inner?.check === undefined ? {} : { check: inner.check }),
    enter(call, body) {
      const valueIn = dimensionsOf(call);
      const worst = estimates
        ? context.estimate(call, body ?? null, context.counting.dependencies.clock.now())
        : undefined;
      const claims = claimsOf(context, limits, call, valueIn, worst);
      const warnings = budgets?.warnings({ valueIn, worst }) ?? NO_HEADERS;
      const goOn = (): EnterResult | Promise<EnterResult> =>
        after(inner?.enter(call, body) ?? NOTHING, (result) => withHeaders(result, warnings));
      if (claims.length === 0) return goOn();
      const asked = claims.map(({ claim }) => claim);
      return after(take(context, asked), (verdict) => {
        if (verdict === undefined) return context.allowUncounted ? goOn() : UNCOUNTED;
        if (!verdict.granted) return { refusal: refusalOf(claims, verdict) };
        const { atMs, used } = verdict;
        const watch = watchOf(context, claims, worst);
        const settle = (end: CallEnd | undefined): void => {
          context.settlements.add({ call, end, worst, claims, atMs, passedTokens: watch?.tokens ?? 0 });
        };
        return after(goOn(), (result) => leaveOf(result, answerHeadersOf(claims, used), watch, settle));
      });
    },
  };
}

const NO_HEADERS: readonly string[] = [];
const NOTHING: EnterResult = { headers: undefined };
const UNCOUNTED: EnterResult = { refusal: { code: 'INGRESS_STATE_UNREACHABLE', detail: '' } };

function withHeaders(result: EnterResult, headers: readonly string[]): EnterResult {
  if ('refusal' in result || headers.length === 0) return result;
  return { ...result, answerHeaders: [...(result.answerHeaders ?? []), ...headers] };
}

function after<Value, Result>(
  value: Value | Promise<Value>,
  then: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

function claimsOf(
  context: LimitContext,
  limits: readonly RateLimit[],
  call: Call,
  valueIn: DimensionsOf,
  worst: WorstCall | undefined,
): readonly AttemptClaim[] {
  const price = (asked: WorstCall): bigint | null => context.counting.meter?.worst(asked) ?? null;
  const usd = worst === undefined ? null : price(worst);
  const first = call.id === call.parentId;
  const claims = limits.flatMap((limit) => claimOfLimit(limit, { valueIn, worst, usd, first }) ?? []);
  return [...claims, ...(context.budgets?.claims({ call, valueIn, worst, usd, price }) ?? [])];
}

/** Undefined when the shared state gives no answer. */
function take(context: LimitContext, claims: readonly Claim[]): Verdict | undefined | Promise<Verdict | undefined> {
  const failed = (error: unknown): undefined => {
    context.counting.onUnreachable();
    context.counting.dependencies.logger.warn({ reason: errorMessage(error) }, 'the shared state did not answer');
    return undefined;
  };
  try {
    const verdict = context.counting.state.take(claims);
    return verdict instanceof Promise ? verdict.catch(failed) : verdict;
  } catch (error) {
    return failed(error);
  }
}

function refusalOf(claims: readonly AttemptClaim[], verdict: Extract<Verdict, { granted: false }>): Refusal {
  const claim = claims[verdict.refused];
  if (claim === undefined) return { code: 'INGRESS_RATE_LIMITED', detail: '' };
  return claim.refusal(verdict);
}

/** Watches a stream where a budget may cut it. */
function watchOf(
  context: LimitContext,
  claims: readonly AttemptClaim[],
  worst: WorstCall | undefined,
): StreamWatch | undefined {
  if (!claims.some(({ grow }) => grow !== undefined)) return undefined;
  return new StreamWatch({
    reservedTokens: worst?.outputTokens ?? 0,
    claims,
    take: (more) => take(context, more),
    allowUncounted: context.allowUncounted,
  });
}

/** The leave of an attempt: what it was granted is settled with it. */
function leaveOf(
  result: EnterResult,
  headers: readonly string[],
  watch: StreamWatch | undefined,
  settle: (end: CallEnd | undefined) => void,
): EnterResult {
  if ('refusal' in result) {
    settle(undefined);
    return result;
  }
  const more = result.answerHeaders;
  const leave: Leave = {
    headers: result.headers,
    answerHeaders: more === undefined ? headers : [...headers, ...more],
    settle: (end) => {
      result.settle?.(end);
      settle(end);
    },
  };
  return watch === undefined ? leave : { ...leave, watch: (chunk, cut) => watch.push(chunk, cut) };
}

/** Those of the rate limit, and of the budget, that has least left. */
function answerHeadersOf(claims: readonly AttemptClaim[], used: readonly number[]): readonly string[] {
  const limit = tightest('limit', claims, used);
  const budget = tightest('budget', claims, used);
  const headers = limit < 0 ? [] : [...(claims[limit]?.answerHeaders(used[limit] ?? 0) ?? [])];
  if (budget >= 0) headers.push(...(claims[budget]?.answerHeaders(used[budget] ?? 0) ?? []));
  return headers;
}

/** Index of the claim of a kind that has least left, the last of equal ones; -1 for none. */
function tightest(kind: AttemptClaim['kind'], claims: readonly AttemptClaim[], used: readonly number[]): number {
  let found = -1;
  let most = 0;
  for (const [index, { kind: own, claim }] of claims.entries()) {
    const share = (used[index] ?? 0) / claim.limit;
    if (own !== kind || share < most) continue;
    found = index;
    most = share;
  }
  return found;
}
