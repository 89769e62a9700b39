import type { AlertTransition } from './alert-ladder.ts';
import type { LimitInForce } from './limit-in-force.ts';
import type { Spend, Sums } from './sums.ts';
import type { TimeSpan } from './zoned-period.ts';

/** How far time has come, and when the log took the record that says so. */
export interface Moment {
  /** Highest event time seen, or a later tick of the clock: periods that end at or before it are over. */
  readonly time: number;
  /** Highest event time seen: how long late events are waited for is counted from it. */
  readonly watermark: number;
  /** Log time of the record under way. */
  readonly loggedAt: number;
}

/** Where one scope stands in one span of time. */
export interface SpanState {
  readonly span: TimeSpan;
  readonly sums: Readonly<Sums>;
  readonly limit: LimitInForce;
  readonly firedShares: readonly number[];
  /** Log time of the record that changed it last. */
  readonly changedAt: number;
}

/** Takes each change of an alert, with the sums that brought it about. */
export type TransitionSink = (transition: AlertTransition, sums: Readonly<Sums>, limit: LimitInForce) => void;

/** The state of one scope of a budget: calendar periods, or a rolling window. */
export interface ScopeLedger {
  /** Counts a spend in the span of its event time; false when that span is no longer kept. */
  add(spend: Spend, moment: Moment, sink: TransitionSink): boolean;
  /** Ends what is over and drops what is no longer waited for. */
  advance(moment: Moment, sink: TransitionSink): void;
  /** The next `time` at which `advance` has something to do; infinite when there is none. */
  readonly dueAt: number;
  /** The next `watermark` at which `advance` has something to drop. */
  readonly dropAt: number;
  readonly isEmpty: boolean;
  /** What is to be taken as changed though no spend came: the limit is another. */
  touch(): void;
  /** What changed since the last call, oldest first, the newest span always last; empty when nothing did. */
  takeChanged(): SpanState[];
  /** The newest span. */
  current(): SpanState | undefined;
  toJson(): unknown;
}
