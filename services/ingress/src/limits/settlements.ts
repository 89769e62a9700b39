import { errorMessage } from '@weir/kernel';
import type { Change, SharedState } from '@weir/shared-state';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import { requestEvent } from '../ledger/request-event.ts';
import type { IngressDependencies } from '../ports.ts';
import type { AttemptClaim } from './attempt-claim.ts';
import type { CallMeter, WorstCall } from './call-meter.ts';

type Used = ReturnType<CallMeter['actual']>;

/** Where what calls use is counted, before and after them. */
export interface CountingContext {
  readonly state: SharedState;
  /** Undefined: tokens and money cannot be counted. */
  readonly meter: CallMeter | undefined;
  readonly dependencies: Pick<IngressDependencies, 'clock' | 'logger' | 'version'>;
  /** Counts steps that the shared state did not answer. */
  readonly onUnreachable: () => void;
}

/** An attempt that has ended, and what it had been granted. */
export interface Settlement {
  readonly call: Call;
  /** Undefined: nothing went upstream. */
  readonly end: CallEnd | undefined;
  readonly worst: WorstCall | undefined;
  /** Output tokens seen in a stream that is watched, estimated. */
  readonly passedTokens: number;
  readonly claims: readonly AttemptClaim[];
  /** When they were granted. */
  readonly atMs: number;
}

/**
 * Sets right what attempts had claimed, in one step for all that ended in a turn of the event loop, after it: reading what
 * they used is not in the way of an answer. Those that wait here were calls in flight, so there are never more (I7).
 */
export class Settlements {
  readonly #context: CountingContext;
  #waiting: Settlement[] = [];

  constructor(context: CountingContext) {
    this.#context = context;
  }

  add(settlement: Settlement): void {
    // The next turn but one: at the end of this one the answers leave.
    if (this.#waiting.length === 0) setImmediate(setImmediate, () => this.#settle());
    this.#waiting.push(settlement);
  }

  #settle(): void {
    const settlements = this.#waiting;
    this.#waiting = [];
    const changes: Change[] = [];
    for (const settlement of settlements) this.#pushChanges(changes, settlement);
    if (changes.length === 0) return;
    try {
      const done = this.#context.state.adjust(changes);
      if (done instanceof Promise) done.catch((error: unknown) => this.#lost(error));
    } catch (error) {
      this.#lost(error);
    }
  }

  #pushChanges(changes: Change[], settlement: Settlement): void {
    const { end, claims, atMs } = settlement;
    try {
      const actual = end === undefined ? undefined : this.#actual(settlement, end);
      const nowMs = this.#context.dependencies.clock.now();
      for (const claim of claims) changes.push(...claim.changes({ sent: end !== undefined, actual, atMs, nowMs }));
    } catch (error) {
      this.#lost(error);
    }
  }

  /** Undefined where only requests are counted. */
  #actual({ call, worst, claims, passedTokens }: Settlement, end: CallEnd): Used | undefined {
    const { meter, dependencies } = this.#context;
    if (claims.every(({ counted }) => counted === 'requests')) return undefined;
    const actual = meter?.actual(requestEvent(call, end, 'full', '', dependencies.version));
    if (end.complete || passedTokens === 0 || worst === undefined) return actual;
    // A stream that was cut tells little of its usage or none: what was seen of it is counted.
    const seen = { ...worst, outputTokens: passedTokens };
    const [told, usd] = [actual?.usd ?? null, meter?.worst(seen) ?? null];
    return {
      usd: told === null || (usd !== null && usd > told) ? usd : told,
      tokens: Math.max(actual?.tokens ?? 0, seen.inputTokens + passedTokens),
    };
  }

  #lost(error: unknown): void {
    this.#context.onUnreachable();
    this.#context.dependencies.logger.warn({ reason: errorMessage(error) }, 'what a call used was not counted');
  }
}
