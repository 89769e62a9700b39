import type { Budget, Threshold } from './budget.ts';
import { reaches, type Sums } from './sums.ts';
import type { TimeSpan } from './zoned-period.ts';

/** An alert's life: opened when its threshold is reached, updated when a higher one is, resolved at the end. */
export type AlertStatus = 'open' | 'update' | 'resolved';

interface FiredAlert {
  status: AlertStatus;
  /** The period, or for a rolling window where it lay when the threshold was reached: part of the alert's identity. */
  readonly span: TimeSpan;
}

export interface AlertTransition {
  readonly status: AlertStatus;
  readonly threshold: Threshold;
  readonly span: TimeSpan;
  /** For an update: the higher threshold that was reached. */
  readonly supersededBy: Threshold | null;
}

export type AlertLadderJson = readonly (readonly [share: number, status: AlertStatus, start: number, end: number])[];

/** The thresholds of one scope that have fired. Each passes each status at most once, so that its events have fixed ids. */
export class AlertLadder {
  readonly #budget: Budget;
  readonly #fired = new Map<number, FiredAlert>();

  constructor(budget: Budget, fired: AlertLadderJson = []) {
    this.#budget = budget;
    for (const [share, status, start, end] of fired) this.#fired.set(share, { status, span: { start, end } });
  }

  /** Shares that have fired and are not forgotten, rising. */
  get shares(): readonly number[] {
    return [...this.#fired.keys()].sort((a, b) => a - b);
  }

  get hasUnresolved(): boolean {
    return [...this.#fired.values()].some(({ status }) => status !== 'resolved');
  }

  /** Fires what the sums have reached and supersedes what lies below it. */
  raise(sums: Sums, span: TimeSpan, limit: bigint): AlertTransition[] {
    const transitions: AlertTransition[] = [];
    for (const threshold of this.#budget.thresholds) {
      if (this.#fired.has(threshold.share) || !reaches(this.#budget, sums, threshold, limit)) continue;
      this.#fired.set(threshold.share, { status: 'open', span });
      transitions.push({ status: 'open', threshold, span, supersededBy: null });
    }
    if (transitions.length === 0) return transitions;
    const top = this.#budget.thresholds.findLast(({ share }) => this.#fired.has(share)) ?? null;
    for (const threshold of this.#budget.thresholds) {
      const alert = this.#fired.get(threshold.share);
      if (threshold === top || alert?.status !== 'open') continue;
      alert.status = 'update';
      transitions.push({ status: 'update', threshold, span: alert.span, supersededBy: top });
    }
    return transitions;
  }

  /** Resolves every alert: its period is over. They stay known, so that late events do not fire them again. */
  resolveAll(): AlertTransition[] {
    return this.#resolve(() => true, false);
  }

  /** Resolves and forgets the alerts whose threshold the sums no longer reach. */
  resolveFallen(sums: Sums, limit: bigint): AlertTransition[] {
    return this.#resolve((threshold) => !reaches(this.#budget, sums, threshold, limit), true);
  }

  toJson(): AlertLadderJson {
    return [...this.#fired].map(([share, { status, span }]) => [share, status, span.start, span.end]);
  }

  #resolve(over: (threshold: Threshold) => boolean, forget: boolean): AlertTransition[] {
    const transitions: AlertTransition[] = [];
    for (const threshold of this.#budget.thresholds) {
      const alert = this.#fired.get(threshold.share);
      if (alert === undefined || alert.status === 'resolved' || !over(threshold)) continue;
      alert.status = 'resolved';
      transitions.push({ status: 'resolved', threshold, span: alert.span, supersededBy: null });
      if (forget) this.#fired.delete(threshold.share);
    }
    return transitions;
  }
}
