import { errorMessage } from '@weir/kernel';
import type { Change, SharedState } from '@weir/shared-state';
import type { Call, CallEnd } from '../ledger/call-record.ts';
import { requestEvent } from '../ledger/request-event.ts';
import type { IngressDependencies } from '../ports.ts';
import type { AttemptClaim } from './attempt-claim.ts';
import type { CallMeter } from './call-meter.ts';

export interface SettlementContext {
  readonly state: SharedState;
  readonly meter: CallMeter | undefined;
  readonly dependencies: Pick<IngressDependencies, 'clock' | 'logger' | 'version'>;
  /** Counts what the shared state did not take. */
  readonly onUnreachable: () => void;
}

/** An attempt that has ended, and what it had been granted. */
export interface Settlement {
  readonly call: Call;
  /** Undefined: nothing went upstream. */
  readonly end: CallEnd | undefined;
  readonly claims: readonly AttemptClaim[];
  /** When they were granted. */
  readonly atMs: number;
}

/**
 * Sets right what attempts had claimed, in one step for all that ended in a turn of the event loop, after it: reading what
 * they used is not in the way of an answer. Those that wait here were calls in flight, so there are never more (I7).
 */
export class Settlements {
  readonly #context: SettlementContext;
  #waiting: Settlement[] = [];

  constructor(context: SettlementContext) {
    this.#context = context;
  }

  add(settlement: Settlement): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#settle());
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

  #pushChanges(changes: Change[], { call, end, claims, atMs }: Settlement): void {
    const { meter, dependencies } = this.#context;
    const counts = end !== undefined && claims.some(({ counted }) => counted !== 'requests');
    try {
      const actual = counts ? meter?.actual(requestEvent(call, end, 'full', '', dependencies.version)) : undefined;
      const nowMs = dependencies.clock.now();
      for (const claim of claims) changes.push(...claim.changes({ sent: end !== undefined, actual, atMs, nowMs }));
    } catch (error) {
      this.#lost(error);
    }
  }

  #lost(error: unknown): void {
    this.#context.onUnreachable();
    this.#context.dependencies.logger.warn({ reason: errorMessage(error) }, 'what a call used was not counted');
  }
}
