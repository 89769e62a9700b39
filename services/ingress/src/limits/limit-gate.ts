import { errorMessage } from '@weir/kernel';
import type { Claim, SharedState, Verdict } from '@weir/shared-state';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import { requestEvent } from '../ledger/request-event.ts';
import type { IngressDependencies } from '../ports.ts';
import type { Refusal } from '../wire/refusal.ts';
import type { AttemptClaim } from './attempt-claim.ts';
import type { BudgetBoard } from './budget-board.ts';
import { dimensionsOf } from './call-dimensions.ts';
import type { CallMeter, WorstCall } from './call-meter.ts';
import type { DimensionsOf } from './dimension-names.ts';
import type { EstimateCall } from './estimate-call.ts';
import { claimOfLimit } from './limit-claim.ts';
import type { RateLimit } from './rate-limit.ts';
import type { EnterResult, Leave, StepGate } from './step-gate.ts';
import { StreamWatch } from './stream-watch.ts';

/** What the limits of one ingress share. */
export interface LimitContext {
  readonly state: SharedState;
  /** Undefined: tokens and money cannot be counted. */
  readonly meter: CallMeter | undefined;
  readonly estimate: EstimateCall;
  readonly budgets: BudgetBoard | undefined;
  /** False: what cannot be counted is refused. */
  readonly allowUncounted: boolean;
  readonly dependencies: Pick<IngressDependencies, 'clock' | 'logger' | 'version'>;
  /** Counts steps that the shared state did not answer. */
  readonly onUnreachable: () => void;
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
      const worst = estimates ? context.estimate(call, body ?? null, context.dependencies.clock.now()) : undefined;
      const claims = claimsOf(context, limits, call, valueIn, worst);
      const warnings = budgets?.warnings({ valueIn, worst }) ?? NO_HEADERS;
      const goOn = (): EnterResult | Promise<EnterResult> =>
        after(inner?.enter(call, body) ?? NOTHING, (result) => withHeaders(result, warnings));
      if (claims.length === 0) return goOn();
      return after(
        take(
          context,
          claims.map(({ claim }) => claim),
        ),
        (verdict) => {
          if (verdict === undefined) return context.allowUncounted ? goOn() : UNCOUNTED;
          if (!verdict.granted) return { refusal: refusalOf(claims, verdict) };
          const entry = new Entry(context, { call, worst, claims, atMs: verdict.atMs });
          return after(goOn(), (result) => entry.leave(result, verdict.used));
        },
      );
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
  const price = (asked: WorstCall): bigint | null => context.meter?.worst(asked) ?? null;
  const usd = worst === undefined ? null : price(worst);
  const first = call.id === call.parentId;
  const claims = limits.flatMap((limit) => claimOfLimit(limit, { valueIn, worst, usd, first }) ?? []);
  return [...claims, ...(context.budgets?.claims({ call, valueIn, worst, usd, price }) ?? [])];
}

/** Undefined when the shared state gives no answer. */
function take(context: LimitContext, claims: readonly Claim[]): Verdict | undefined | Promise<Verdict | undefined> {
  const failed = (error: unknown): undefined => {
    context.onUnreachable();
    context.dependencies.logger.warn({ reason: errorMessage(error) }, 'the shared state did not answer');
    return undefined;
  };
  try {
    const verdict = context.state.take(claims);
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

interface EntryOptions {
  readonly call: Call;
  readonly worst: WorstCall | undefined;
  readonly claims: readonly AttemptClaim[];
  /** When they were granted. */
  readonly atMs: number;
}

/** What an attempt was granted, until it has ended. */
class Entry {
  readonly #context: LimitContext;
  readonly #options: EntryOptions;
  readonly #watch: StreamWatch | undefined;

  constructor(context: LimitContext, options: EntryOptions) {
    const { claims, worst } = options;
    this.#context = context;
    this.#options = options;
    if (!claims.some(({ grow }) => grow !== undefined)) return;
    this.#watch = new StreamWatch({
      reservedTokens: worst?.outputTokens ?? 0,
      claims,
      take: (more) => take(context, more),
      allowUncounted: context.allowUncounted,
    });
  }

  leave(result: EnterResult, used: readonly number[]): EnterResult {
    if ('refusal' in result) {
      this.#settle(undefined);
      return result;
    }
    const leave: Leave = {
      headers: result.headers,
      answerHeaders: [...answerHeadersOf(this.#options.claims, used), ...(result.answerHeaders ?? [])],
      settle: (end) => {
        result.settle?.(end);
        this.#settle(end);
      },
    };
    const watch = this.#watch;
    return watch === undefined ? leave : { ...leave, watch: (chunk, cut) => watch.push(chunk, cut) };
  }

  /** After this turn: reading what was used is not in the way of the answer. */
  #settle(end: CallEnd | undefined): void {
    setImmediate(() => {
      const { claims, atMs } = this.#options;
      try {
        const actual = end === undefined ? undefined : this.#actual(end);
        const nowMs = this.#context.dependencies.clock.now();
        const changes = claims.flatMap((claim) => claim.changes({ sent: end !== undefined, actual, atMs, nowMs }));
        if (changes.length === 0) return;
        const done = this.#context.state.adjust(changes);
        if (done instanceof Promise) done.catch((error: unknown) => this.#lost(error));
      } catch (error) {
        this.#lost(error);
      }
    });
  }

  /** Undefined where only requests are counted. */
  #actual(end: CallEnd): ReturnType<CallMeter['actual']> | undefined {
    const { meter, dependencies } = this.#context;
    const { call, worst, claims } = this.#options;
    if (claims.every(({ counted }) => counted === 'requests')) return undefined;
    const actual = meter?.actual(requestEvent(call, end, 'full', '', dependencies.version));
    const passed = this.#watch?.tokens ?? 0;
    if (end.complete || passed === 0 || worst === undefined) return actual;
    // A stream that was cut tells little of its usage or none: what was seen of it is counted.
    const seen = { ...worst, outputTokens: passed };
    const [told, usd] = [actual?.usd ?? null, meter?.worst(seen) ?? null];
    return {
      usd: told === null || (usd !== null && usd > told) ? usd : told,
      tokens: Math.max(actual?.tokens ?? 0, seen.inputTokens + passed),
    };
  }

  #lost(error: unknown): void {
    this.#context.onUnreachable();
    this.#context.dependencies.logger.warn({ reason: errorMessage(error) }, 'what a call used was not counted');
  }
}

/** Those of the rate limit, and of the budget, that has least left. */
function answerHeadersOf(claims: readonly AttemptClaim[], used: readonly number[]): readonly string[] {
  const tightest = new Map<
    AttemptClaim['kind'],
    { readonly claim: AttemptClaim; readonly used: number; readonly share: number }
  >();
  claims.forEach((claim, index) => {
    const held = used[index] ?? 0;
    const share = held / claim.claim.limit;
    if (share >= (tightest.get(claim.kind)?.share ?? 0)) tightest.set(claim.kind, { claim, used: held, share });
  });
  return [...tightest.values()].flatMap(({ claim, used: held }) => claim.answerHeaders(held));
}
