import { AlertLadder, type AlertLadderJson } from './alert-ladder.ts';
import type { Budget } from './budget.ts';
import type { LimitInForce } from './limit-in-force.ts';
import type { Moment, ScopeLedger, SpanState, TransitionSink } from './scope-ledger.ts';
import { addSpend, emptySums, type Spend, type Sums, type SumsJson, sumsFromJson, sumsToJson } from './sums.ts';
import type { TimeSpan } from './zoned-period.ts';

interface Cell {
  readonly span: TimeSpan;
  readonly limit: LimitInForce;
  readonly sums: Sums;
  readonly ladder: AlertLadder;
  changedAt: number;
  changed: boolean;
}

export interface CalendarScopeOptions {
  readonly budget: Budget;
  readonly periodAt: (ts: number) => TimeSpan;
  readonly limitIn: (span: TimeSpan) => LimitInForce;
  /** How long after its end a period takes late events, in event time. */
  readonly lateMs: number;
  /** False: no alerts. */
  readonly alerting: boolean;
}

type CalendarScopeJson = readonly (readonly [
  start: number,
  end: number,
  sums: SumsJson,
  fired: AlertLadderJson,
  changedAt: number,
])[];

/** A scope by calendar periods; several are open at a time, so that late events find their own. */
export class CalendarScope implements ScopeLedger {
  readonly #options: CalendarScopeOptions;
  readonly #cells = new Map<number, Cell>();

  constructor(options: CalendarScopeOptions, stored: unknown = []) {
    this.#options = options;
    for (const [start, end, sums, fired, changedAt] of stored as CalendarScopeJson) {
      const ladder = new AlertLadder(options.budget, fired);
      this.#cells.set(start, {
        span: { start, end },
        limit: options.limitIn({ start, end }),
        sums: sumsFromJson(sums),
        ladder,
        changedAt,
        changed: false,
      });
    }
  }

  get isEmpty(): boolean {
    return this.#cells.size === 0;
  }

  get dueAt(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { span, ladder } of this.#cells.values()) if (ladder.hasUnresolved) due = Math.min(due, span.end);
    return due;
  }

  get dropAt(): number {
    let drop = Number.POSITIVE_INFINITY;
    for (const { span } of this.#cells.values()) drop = Math.min(drop, span.end + this.#options.lateMs);
    return drop;
  }

  add(spend: Spend, moment: Moment, sink: TransitionSink): boolean {
    const span = this.#options.periodAt(spend.ts);
    if (span.end + this.#options.lateMs <= moment.watermark) return false;
    let cell = this.#cells.get(span.start);
    if (cell === undefined) {
      const ladder = new AlertLadder(this.#options.budget);
      cell = { span, limit: this.#options.limitIn(span), sums: emptySums(), ladder, changedAt: 0, changed: false };
      this.#cells.set(span.start, cell);
    }
    addSpend(cell.sums, spend);
    cell.changedAt = moment.loggedAt;
    cell.changed = true;
    if (!this.#options.alerting) return true;
    for (const transition of cell.ladder.raise(cell.sums, span, cell.limit.amount)) {
      sink(transition, cell.sums, cell.limit);
    }
    // A period that was over before the event came: its alert is raised and resolved at once.
    if (span.end <= moment.time) resolve(cell, sink);
    return true;
  }

  advance(moment: Moment, sink: TransitionSink): void {
    for (const [start, cell] of this.#cells) {
      if (cell.span.end <= moment.time) resolve(cell, sink);
      if (cell.span.end + this.#options.lateMs <= moment.watermark) this.#cells.delete(start);
    }
  }

  touch(): void {
    for (const cell of this.#cells.values()) cell.changed = true;
  }

  takeChanged(): SpanState[] {
    const cells = [...this.#cells.values()].sort((a, b) => a.span.start - b.span.start);
    const newest = cells.at(-1);
    const states = cells.filter((cell) => cell.changed || (cell === newest && cells.some(({ changed }) => changed)));
    for (const cell of states) cell.changed = false;
    return states.map(stateOf);
  }

  current(): SpanState | undefined {
    const cells = [...this.#cells.values()];
    if (cells.length === 0) return undefined;
    return stateOf(cells.reduce((newest, cell) => (cell.span.start > newest.span.start ? cell : newest)));
  }

  toJson(): CalendarScopeJson {
    return [...this.#cells.values()].map(({ span, sums, ladder, changedAt }) => [
      span.start,
      span.end,
      sumsToJson(sums),
      ladder.toJson(),
      changedAt,
    ]);
  }
}

function resolve(cell: Cell, sink: TransitionSink): void {
  for (const transition of cell.ladder.resolveAll()) sink(transition, cell.sums, cell.limit);
}

const stateOf = ({ span, limit, sums, ladder, changedAt }: Cell): SpanState => ({
  span,
  limit,
  sums: { ...sums },
  firedShares: ladder.shares,
  changedAt,
});
