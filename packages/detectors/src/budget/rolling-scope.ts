import { AlertLadder, type AlertLadderJson } from './alert-ladder.ts';
import { type Budget, ROLLING_STEPS } from './budget.ts';
import type { LimitInForce } from './limit-in-force.ts';
import type { Moment, ScopeLedger, SpanState, TransitionSink } from './scope-ledger.ts';
import {
  addSpend,
  emptySums,
  type Spend,
  type Sums,
  type SumsJson,
  subtractSums,
  sumsFromJson,
  sumsToJson,
} from './sums.ts';
import type { TimeSpan } from './zoned-period.ts';

export interface RollingScopeOptions {
  readonly budget: Budget;
  readonly stepMs: number;
  readonly limitIn: (span: TimeSpan) => LimitInForce;
  /** False: no alerts. */
  readonly alerting: boolean;
}

interface RollingScopeJson {
  readonly end: number;
  readonly steps: readonly (readonly [start: number, sums: SumsJson])[];
  readonly fired: AlertLadderJson;
  readonly changedAt: number;
}

/** A scope by a window that moves in steps: it holds the step under way and the ones before it, `ROLLING_STEPS` in all. */
export class RollingScope implements ScopeLedger {
  readonly #options: RollingScopeOptions;
  readonly #steps = new Map<number, Sums>();
  readonly #total = emptySums();
  readonly #ladder: AlertLadder;
  /** End of the step under way. */
  #end = 0;
  #limit: LimitInForce;
  #changedAt = 0;
  #changed = false;

  constructor(options: RollingScopeOptions, stored?: unknown) {
    this.#options = options;
    const json = stored as RollingScopeJson | undefined;
    this.#ladder = new AlertLadder(options.budget, json?.fired);
    this.#end = json?.end ?? 0;
    this.#limit = options.limitIn(this.#span);
    if (json === undefined) return;
    this.#changedAt = json.changedAt;
    for (const [start, sums] of json.steps) {
      const step = sumsFromJson(sums);
      this.#steps.set(start, step);
      this.#total.spent += step.spent;
      this.#total.requests += step.requests;
      this.#total.tokens += step.tokens;
      this.#total.unpriced += step.unpriced;
    }
  }

  get isEmpty(): boolean {
    return this.#steps.size === 0 && !this.#ladder.hasUnresolved && !this.#changed;
  }

  get dueAt(): number {
    return this.#steps.size === 0 ? Number.POSITIVE_INFINITY : this.#end;
  }

  get dropAt(): number {
    return Number.POSITIVE_INFINITY;
  }

  add(spend: Spend, moment: Moment, sink: TransitionSink): boolean {
    this.#moveTo(moment, sink);
    const { stepMs } = this.#options;
    // Event time ahead of what is known belongs to the step under way.
    const step = Math.min(floorTo(spend.ts, stepMs), this.#end - stepMs);
    if (step < this.#span.start) return false;
    let sums = this.#steps.get(step);
    if (sums === undefined) {
      sums = emptySums();
      this.#steps.set(step, sums);
    }
    addSpend(sums, spend);
    addSpend(this.#total, spend);
    this.#mark(moment);
    if (this.#options.alerting) {
      const transitions = this.#ladder.raise(this.#total, this.#span, this.#limit.amount);
      for (const transition of transitions) sink(transition, this.#total, this.#limit);
    }
    return true;
  }

  advance(moment: Moment, sink: TransitionSink): void {
    if (moment.time >= this.#end) this.#moveTo(moment, sink);
  }

  touch(): void {
    this.#changed = true;
  }

  takeChanged(): SpanState[] {
    if (!this.#changed) return [];
    this.#changed = false;
    return [this.current()];
  }

  current(): SpanState {
    return {
      span: this.#span,
      limit: this.#limit,
      sums: { ...this.#total },
      firedShares: this.#ladder.shares,
      changedAt: this.#changedAt,
    };
  }

  toJson(): RollingScopeJson {
    return {
      end: this.#end,
      steps: [...this.#steps].map(([start, sums]) => [start, sumsToJson(sums)]),
      fired: this.#ladder.toJson(),
      changedAt: this.#changedAt,
    };
  }

  get #span(): TimeSpan {
    return { start: this.#end - ROLLING_STEPS * this.#options.stepMs, end: this.#end };
  }

  #moveTo(moment: Moment, sink: TransitionSink): void {
    const end = floorTo(moment.time, this.#options.stepMs) + this.#options.stepMs;
    if (end <= this.#end) return;
    this.#end = end;
    this.#limit = this.#options.limitIn(this.#span);
    let fell = false;
    for (const [start, sums] of this.#steps) {
      if (start >= this.#span.start) continue;
      subtractSums(this.#total, sums);
      this.#steps.delete(start);
      fell = true;
    }
    if (!fell) return;
    this.#mark(moment);
    const transitions = this.#ladder.resolveFallen(this.#total, this.#limit.amount);
    for (const transition of transitions) sink(transition, this.#total, this.#limit);
  }

  #mark(moment: Moment): void {
    this.#changedAt = moment.loggedAt;
    this.#changed = true;
  }
}

const floorTo = (ts: number, step: number): number => Math.floor(ts / step) * step;
