import type { AlertStatus } from './alert-ladder.ts';
import { type Budget, scopeKey, scopeValues, type Threshold } from './budget.ts';
import { CalendarScope } from './calendar-scope.ts';
import { type LimitInForce, limitInForce } from './limit-in-force.ts';
import { Pace, type PaceSignal, type PaceTransition } from './pace.ts';
import { RollingScope } from './rolling-scope.ts';
import type { Moment, ScopeLedger, SpanState, TransitionSink } from './scope-ledger.ts';
import { amountOf, levelOf, type Spend, type Sums, shareOf, WHOLE } from './sums.ts';
import { createZonedPeriods, type TimeSpan } from './zoned-period.ts';

/** A spend, where it stands in its partition of weir.costs, and the scopes it counts against. */
export interface BudgetEntry extends Spend {
  readonly partition: number;
  readonly offset: number;
  readonly matches: readonly BudgetMatch[];
}

export type BudgetMatch = readonly [budgetKey: string, values: readonly string[]];

/** A change of an alert: fixed by budget, scope, span and threshold, so that a replay makes the same one. */
export interface BudgetAlert {
  readonly budget: Budget;
  readonly scopeKey: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly status: AlertStatus;
  readonly threshold: Threshold;
  readonly supersededBy: Threshold | null;
  readonly span: TimeSpan;
  readonly limit: LimitInForce;
  readonly sums: Readonly<Sums>;
  readonly at: number;
  /** The request that reached the threshold; '' when time did. */
  readonly requestId: string;
  /** What fired where no threshold did: then `threshold` is the whole limit, and `since` in the place of the period's start names it. */
  readonly pace: { readonly signal: PaceSignal; readonly since: number } | null;
}

/** Where a scope stands: `version` rises with each, and names its content. */
export interface BudgetStanding {
  readonly budget: Budget;
  readonly scopeKey: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly span: TimeSpan;
  readonly limit: LimitInForce;
  readonly sums: Readonly<Sums>;
  readonly level: 'ok' | 'soft' | 'hard';
  readonly firedShares: readonly number[];
  readonly changedAt: number;
  readonly version: number;
}

/** What did not go the usual way, for counters and log lines. */
export interface BookNotice {
  readonly kind: 'late' | 'overflow';
  readonly budget: Budget;
}

export interface BookOptions {
  /** How long after its end a calendar period takes late events, in event time. */
  readonly lateMs: number;
}

interface Scope {
  readonly budget: Budget;
  readonly values: readonly string[] | null;
  readonly key: string;
  readonly ledger: ScopeLedger;
  /** Only where burn rates or forecasts are asked for. */
  readonly pace: Pace | undefined;
  version: number;
}

interface Shelf {
  readonly budget: Budget;
  readonly scopes: Map<string, Scope>;
  readonly open: (values: readonly string[] | null, stored?: unknown, pace?: unknown) => Scope;
}

/** Future event times beyond this are a clock that is wrong: they do not move time. */
const CLOCK_SKEW_MS = 60_000;
/** Cannot be the JSON text of an array of values. */
const OTHER = 'other';

/**
 * Every budget's state, as a pure function of the records of one log, in their order: the same records give the same
 * sums, alerts and versions, wherever it is stopped and restored. An entry whose offset is not above the highest of its
 * partition is a repeat and changes nothing.
 */
export class BudgetBook {
  readonly #shelves = new Map<string, Shelf>();
  readonly #marks = new Map<number, number>();
  /** Rises with every change of a scope: versions of states. */
  #sequence = 0;
  #watermark = 0;
  #time = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #dropAt = Number.POSITIVE_INFINITY;
  readonly #changed = new Set<Scope>();
  #alerts: BudgetAlert[] = [];
  #standings: BudgetStanding[] = [];
  #notices: BookNotice[] = [];

  constructor(budgets: readonly Budget[], options: BookOptions) {
    for (const budget of budgets) this.#shelves.set(budget.key, createShelf(budget, options.lateMs));
  }

  /** Counts an entry of a record that the log took at `loggedAt`; false when it is a repeat. */
  count(entry: BudgetEntry, loggedAt: number): boolean {
    if (entry.offset <= (this.#marks.get(entry.partition) ?? -1)) return false;
    this.#marks.set(entry.partition, entry.offset);
    this.#watermark = Math.max(this.#watermark, Math.min(entry.ts, loggedAt + CLOCK_SKEW_MS));
    this.#moveTo(this.#watermark, loggedAt);
    for (const [key, values] of entry.matches) {
      const shelf = this.#shelves.get(key);
      if (shelf !== undefined) this.#countIn(shelf, values, entry, loggedAt);
    }
    return true;
  }

  /** The clock has come this far, whatever events say: ends periods, moves windows. */
  tick(now: number, loggedAt: number): void {
    this.#moveTo(now, loggedAt);
  }

  /** The next moment at which a tick changes something; infinite when none does. */
  get dueAt(): number {
    return this.#dueAt;
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0 || this.#standings.length > 0;
  }

  takeAlerts(): readonly BudgetAlert[] {
    const alerts = this.#alerts;
    this.#alerts = [];
    return alerts;
  }

  takeNotices(): readonly BookNotice[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** What changed since the last call; of one scope older spans first, the newest always last. */
  takeStandings(): readonly BudgetStanding[] {
    for (const scope of this.#changed) this.#collect(scope);
    this.#changed.clear();
    const standings = this.#standings;
    this.#standings = [];
    return standings;
  }

  /** Per budget: the highest share of the limit among its scopes' newest spans, and how many scopes there are. */
  summary(): { readonly budget: Budget; readonly share: number; readonly scopes: number }[] {
    return [...this.#shelves.values()].map(({ budget, scopes }) => {
      let share = 0;
      for (const { ledger, values } of scopes.values()) {
        const state = values === null ? undefined : ledger.current();
        if (state === undefined || state.span.end <= this.#time) continue;
        share = Math.max(share, shareOf(budget, state.sums, state.limit.amount));
      }
      return { budget, share, scopes: scopes.size };
    });
  }

  /** The state as JSON values: the first holds what is common, the others one scope each. */
  snapshot(): unknown[] {
    const head: BookHead = {
      marks: [...this.#marks],
      sequence: this.#sequence,
      watermark: this.#watermark,
      time: this.#time,
      terms: [...this.#shelves].map(([key, { budget }]) => [key, budget.terms]),
    };
    const scopes: StoredScope[] = [];
    for (const [key, shelf] of this.#shelves) {
      for (const { values, version, ledger, pace } of shelf.scopes.values()) {
        const stored = [key, values, version, ledger.toJson()] as const;
        scopes.push(pace === undefined ? stored : [...stored, pace.toJson()]);
      }
    }
    return [head, ...scopes];
  }

  /** Takes a snapshot's values; scopes of budgets that are gone, or count something else now, are left out. */
  restore(values: readonly unknown[]): void {
    const [head, ...scopes] = values as [BookHead, ...StoredScope[]];
    for (const [partition, offset] of head.marks) this.#marks.set(partition, offset);
    this.#sequence = head.sequence;
    this.#watermark = head.watermark;
    this.#time = head.time;
    const terms = new Map(head.terms);
    for (const [key, scopeOf, version, stored, pace] of scopes) {
      const shelf = this.#shelves.get(key);
      if (shelf === undefined) continue;
      const scope = shelf.open(scopeOf, stored, pace);
      scope.version = version;
      shelf.scopes.set(mapKey(scopeOf), scope);
      this.#expect(scope);
      // Whoever enforces the budget learns of another limit now: where calls are refused, no event would come to tell.
      if (terms.get(key) !== shelf.budget.terms) this.#renew(scope);
    }
  }

  #renew(scope: Scope): void {
    this.#sequence += 1;
    scope.version = this.#sequence;
    scope.ledger.touch();
    this.#changed.add(scope);
  }

  #countIn(shelf: Shelf, values: readonly string[], entry: BudgetEntry, loggedAt: number): void {
    const { budget, scopes } = shelf;
    if (values.length !== budget.per.length) return;
    let scope = scopes.get(mapKey(values));
    if (scope === undefined) {
      const full = scopes.size - (scopes.has(OTHER) ? 1 : 0) >= budget.scopesMax;
      if (full) this.#notices.push({ kind: 'overflow', budget });
      scope = (full ? scopes.get(OTHER) : undefined) ?? shelf.open(full ? null : values);
    }
    const sink = this.#sink(scope, loggedAt, entry.requestId);
    if (!scope.ledger.add(entry, this.#moment(loggedAt), sink)) {
      this.#notices.push({ kind: 'late', budget });
      return;
    }
    scopes.set(mapKey(scope.values), scope);
    const state = scope.ledger.current();
    if (scope.pace !== undefined && state !== undefined) {
      const moment = this.#moment(loggedAt);
      const told = scope.pace.add(amountOf(budget, entry), entry.ts, moment, state);
      this.#tell(scope, told, state, { at: loggedAt, requestId: entry.requestId });
    }
    this.#sequence += 1;
    scope.version = this.#sequence;
    this.#changed.add(scope);
    this.#expect(scope);
  }

  #moveTo(time: number, loggedAt: number): void {
    this.#time = Math.max(this.#time, time);
    if (this.#time < this.#dueAt && this.#watermark < this.#dropAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#dropAt = Number.POSITIVE_INFINITY;
    for (const shelf of this.#shelves.values()) {
      for (const [key, scope] of shelf.scopes) this.#advance(shelf, key, scope, loggedAt);
    }
  }

  #advance(shelf: Shelf, key: string, scope: Scope, loggedAt: number): void {
    const { ledger } = scope;
    const moment = this.#moment(loggedAt);
    // Under its own version, before time changes it: versions must not depend on when standings are taken.
    if (this.#changed.delete(scope)) this.#collect(scope);
    const state = ledger.current();
    ledger.advance(moment, this.#sink(scope, loggedAt, ''));
    if (scope.pace !== undefined && state !== undefined) {
      this.#tell(scope, scope.pace.advance(moment, state), state, { at: loggedAt, requestId: '' });
    }
    const changed = ledger.takeChanged();
    if (changed.length > 0) {
      this.#sequence += 1;
      scope.version = this.#sequence;
      this.#standings.push(...changed.map((state) => this.#standing(scope, state)));
    }
    if (ledger.isEmpty) shelf.scopes.delete(key);
    else this.#expect(scope);
  }

  #collect(scope: Scope): void {
    this.#standings.push(...scope.ledger.takeChanged().map((state) => this.#standing(scope, state)));
  }

  #standing(scope: Scope, state: ReturnType<ScopeLedger['takeChanged']>[number]): BudgetStanding {
    const { budget, values, key, version } = scope;
    return {
      budget,
      scopeKey: key,
      scope: scopeValues(budget, values),
      level: values === null ? 'ok' : levelOf(budget, state.sums, state.limit.amount),
      version,
      ...state,
    };
  }

  #expect({ ledger, pace }: Scope): void {
    this.#dueAt = Math.min(this.#dueAt, ledger.dueAt, pace?.dueAt(this.#time) ?? Number.POSITIVE_INFINITY);
    this.#dropAt = Math.min(this.#dropAt, ledger.dropAt);
  }

  #moment(loggedAt: number): Moment {
    return { time: this.#time, watermark: this.#watermark, loggedAt };
  }

  #sink(scope: Scope, loggedAt: number, requestId: string): TransitionSink {
    const { budget, values, key } = scope;
    return (transition, sums, limit) => {
      this.#alerts.push({
        ...transition,
        budget,
        scopeKey: key,
        scope: scopeValues(budget, values),
        limit,
        sums: { ...sums },
        at: loggedAt,
        requestId,
        pace: null,
      });
    };
  }

  #tell(
    { budget, values, key }: Scope,
    transitions: readonly PaceTransition[],
    { span, limit, sums }: SpanState,
    by: { readonly at: number; readonly requestId: string },
  ): void {
    for (const { status, signal, since } of transitions) {
      this.#alerts.push({
        budget,
        scopeKey: key,
        scope: scopeValues(budget, values),
        status,
        threshold: WHOLE,
        supersededBy: null,
        span,
        limit,
        sums,
        ...by,
        pace: { signal, since },
      });
    }
  }
}

interface BookHead {
  readonly marks: readonly (readonly [partition: number, offset: number])[];
  readonly sequence: number;
  readonly watermark: number;
  readonly time: number;
  /** Budget keys and their terms; absent in snapshots of earlier versions. */
  readonly terms?: readonly (readonly [budgetKey: string, terms: string])[];
}

type StoredScope = readonly [
  budgetKey: string,
  values: readonly string[] | null,
  version: number,
  ledger: unknown,
  pace?: unknown,
];

const mapKey = (values: readonly string[] | null): string => (values === null ? OTHER : JSON.stringify(values));

function createShelf(budget: Budget, lateMs: number): Shelf {
  const { period } = budget;
  const periodAt =
    period.kind === 'calendar'
      ? createZonedPeriods(period.unit, period.timeZone, period.startsOn)
      : (): TimeSpan => ({ start: 0, end: 0 });
  const openLedger = (values: readonly string[] | null, stored?: unknown): ScopeLedger => {
    const limitIn = (span: TimeSpan): LimitInForce => limitInForce(budget, span, values);
    // The limit is one combination's: it says nothing about the sum of all further ones.
    const common = { budget, limitIn, alerting: values !== null };
    return period.kind === 'calendar'
      ? new CalendarScope({ ...common, periodAt, lateMs }, stored)
      : new RollingScope({ ...common, stepMs: period.stepMs }, stored);
  };
  return {
    budget,
    scopes: new Map(),
    open: (values, stored, pace) => ({
      budget,
      values,
      key: scopeKey(budget, values),
      ledger: openLedger(values, stored),
      pace:
        values !== null && (budget.alertOn.burnRate || budget.alertOn.forecast) ? new Pace(budget, pace) : undefined,
      version: 0,
    }),
  };
}
