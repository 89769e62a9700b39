import { type Budget, createZonedPeriods, limitInForce, matchBudget, ROLLING_STEPS, scopeKey } from '@weir/detectors';
import type { BudgetStateEvent } from '@weir/events';
import { remembered } from '@weir/kernel';
import { type Change, fixedMeter, type Meter, slidingMeter } from '@weir/shared-state';
import type { Call } from '../ledger/call-record.ts';
import type { AttemptClaim, ClaimEnd, Growth } from './attempt-claim.ts';
import type { WorstCall } from './call-meter.ts';
import { type DimensionsOf, isCallDimension } from './dimension-names.ts';
import { amountText, usedBy, worstOf } from './limit-claim.ts';
import { type Counted, nanoFromPico } from './rate-limit.ts';

/** A call as budgets see it. */
export interface BudgetedCall {
  readonly call: Call;
  readonly valueIn: DimensionsOf;
  readonly worst: WorstCall | undefined;
  readonly usd: bigint | null;
  /** What a call costs at most, as `usd`. */
  readonly price: (worst: WorstCall) => bigint | null;
}

/** What is used of a scope, as the ledger says; behind by what is on its way there. */
interface Standing {
  readonly periodStart: number;
  readonly periodEnd: number;
  readonly used: Readonly<Record<Counted, number>>;
  readonly reached: boolean;
}

interface Enforced {
  readonly budget: Budget;
  readonly counted: Counted;
  /** When the period of a moment begins and ends, ms. */
  readonly spanAt: (nowMs: number) => { readonly start: number; readonly end: number };
  /** Where a scope is counted in the period that begins then. */
  readonly metersOf: (values: readonly string[], start: number) => ScopeMeters;
}

interface ScopeMeters {
  /** Its key. */
  readonly scope: string;
  readonly spent: Meter;
  readonly reserved: Meter;
}

/** Longer than any period: such a meter is never emptied, its key names the period. */
const FOREVER_MS = 2 ** 45;
/** What a call has reserved is let go of after this, should its process have died before the call ended. */
const RESERVED_MS = 3_600_000;
const SCOPES_REMEMBERED = 1_024;

/**
 * Budgets in front of calls. Used is what the installation has counted in the period or what the ledger says, whichever is
 * more; reserved is what calls in flight may still use. A hard budget lets a call through when both and its own worst case
 * fit into the limit, so that calls at one time overspend it by nothing that their requests tell.
 */
export class BudgetBoard {
  readonly #hard: readonly Enforced[];
  readonly #soft: readonly Enforced[];
  readonly #standings = new Map<string, Standing>();
  readonly #now: () => number;
  /** Ids of hard budgets that count by what is not known before a call. */
  readonly unenforced: readonly string[];

  constructor(budgets: readonly Budget[], now: () => number) {
    const known = budgets.filter(isKnownBeforeCalls);
    this.#now = now;
    this.#hard = known.filter(({ enforcement }) => enforcement === 'hard').map(enforced);
    this.#soft = known.filter(({ enforcement }) => enforcement === 'soft').map(enforced);
    const lost = budgets.filter((budget) => budget.enforcement === 'hard' && !known.includes(budget));
    this.unenforced = lost.map(({ id }) => id);
  }

  /** True when the request must be read. */
  get estimates(): boolean {
    const all = [...this.#hard, ...this.#soft];
    return this.#hard.some(({ counted }) => counted !== 'requests') || all.some(({ budget }) => namesModel(budget));
  }

  /** Takes what the ledger says. */
  update(state: BudgetStateEvent): void {
    this.#standings.set(state.scope_key, {
      periodStart: state.period_start,
      periodEnd: state.period_end,
      used: { usd: nanoFromPico(state.spent_usd), tokens: state.tokens, requests: state.requests },
      reached: state.state !== 'ok',
    });
  }

  claims(call: BudgetedCall): readonly AttemptClaim[] {
    const nowMs = this.#now();
    return this.#hard.flatMap((each) => this.#claim(each, call, nowMs) ?? []);
  }

  /** Answer headers that name the soft budgets which are used up. */
  warnings({ valueIn, worst }: Pick<BudgetedCall, 'valueIn' | 'worst'>): readonly string[] {
    const nowMs = this.#now();
    const reached = this.#soft.filter(({ budget }) => {
      const values = matchBudget(budget, withModel(valueIn, worst));
      const standing = values === undefined ? undefined : this.#standings.get(scopeKey(budget, values));
      return standing?.reached === true && nowMs < standing.periodEnd;
    });
    if (reached.length === 0) return [];
    return ['cf-aig-budget-warning', `used up: ${reached.map(({ budget }) => budget.id).join(', ')}`];
  }

  #claim(each: Enforced, call: BudgetedCall, nowMs: number): AttemptClaim | undefined {
    const { budget, counted } = each;
    const values = matchBudget(budget, withModel(call.valueIn, call.worst));
    if (values === undefined) return undefined;
    const span = each.spanAt(nowMs);
    const { scope, spent, reserved } = each.metersOf(values, span.start);
    const { amount: inForce } = limitInForce(budget, span, values);
    // Rounded down, as costs are rounded up.
    const limit = counted === 'usd' ? Number(inForce / 1_000n) : Number(inForce);
    const standing = this.#standings.get(scope);
    const current = standing !== undefined && standing.periodEnd > nowMs && standing.periodStart >= span.start;
    // A call of unknown price claims the least there is: it is refused where nothing is left.
    const claimOf = (amount: number) => ({
      meter: reserved,
      amount,
      limit,
      base: { meter: spent, atLeast: current ? standing.used[counted] : 0 },
    });
    // A call of unknown price claims the least there is: it is refused where nothing is left.
    const amount = Math.max(1, worstOf(counted, call));
    const held = new Held(counted, reserved, spent, amount);
    return {
      kind: 'budget',
      counted,
      claim: claimOf(amount),
      refusal: ({ used }) => {
        const waitMs = budget.period.kind === 'calendar' ? span.end - nowMs : budget.period.stepMs;
        const window = Math.round((span.end - span.start) / 1_000);
        const technique = budget.period.kind === 'calendar' ? 'fixed' : 'sliding';
        const what = counted === 'usd' ? 'cost' : counted;
        return {
          code: 'INGRESS_BUDGET_EXCEEDED',
          detail: `Used and reserved: ${amountText(counted, used)}; this call may take ${amountText(counted, amount)}.`,
          message:
            `Spend limit exceeded: rule '${budget.id}' (${what} limit ${amountText(counted, limit)} per ${window}s, ${technique}) for ${call.call.target.provider} ${printable(call.worst?.model ?? '')}`.trimEnd(),
          retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
          headers: budgetHeaders(each, limit, used),
        };
      },
      answerHeaders: (used) => budgetHeaders(each, limit, used),
      ...(budget.cutStreams && counted !== 'requests'
        ? { grow: (tokens: number): Growth => held.grow(claimOf(priceOf(counted, call, tokens))) }
        : {}),
      changes: (end) => held.changes(end),
    };
  }
}

/** What an attempt holds of a budget: its worst case, and what its stream was granted beyond. */
class Held {
  readonly #counted: Counted;
  readonly #reserved: Meter;
  readonly #spent: Meter;
  readonly #grants: { readonly amount: number; readonly atMs: number | undefined }[];

  constructor(counted: Counted, reserved: Meter, spent: Meter, amount: number) {
    this.#counted = counted;
    this.#reserved = reserved;
    this.#spent = spent;
    this.#grants = [{ amount, atMs: undefined }];
  }

  grow(claim: Growth['claim']): Growth {
    return { claim, granted: (atMs) => this.#grants.push({ amount: claim.amount, atMs }) };
  }

  /** Gives all of it back, and counts what was used. */
  changes(end: ClaimEnd): readonly Change[] {
    const back = this.#grants.map(({ amount, atMs }) => ({
      meter: this.#reserved,
      amount: -amount,
      atMs: atMs ?? end.atMs,
    }));
    const used = usedBy(this.#counted, end);
    return used === 0 ? back : [...back, { meter: this.#spent, amount: used, atMs: end.nowMs }];
  }
}

/** What further output tokens of a call take of a budget. */
function priceOf(counted: Counted, { worst, price }: BudgetedCall, outputTokens: number): number {
  if (worst === undefined) return 0;
  const more = { ...worst, inputTokens: 0, outputTokens };
  return worstOf(counted, { worst: more, usd: counted === 'usd' ? price(more) : null });
}

const MODEL = 'request_model';

function isKnownBeforeCalls({ filters, per }: Budget): boolean {
  const names = [...filters.map(({ dimension }) => dimension), ...per];
  return names.every((name) => name === MODEL || isCallDimension(name));
}

const namesModel = ({ filters, per }: Budget): boolean =>
  per.includes(MODEL) || filters.some(({ dimension }) => dimension === MODEL);

const withModel =
  (valueIn: DimensionsOf, worst: WorstCall | undefined): DimensionsOf =>
  (name) =>
    name === MODEL ? (worst?.model ?? '') : valueIn(name);

function enforced(budget: Budget): Enforced {
  const { kind } = budget.limit;
  const { period } = budget;
  const metersOf = scopeMeters(budget);
  if (period.kind === 'calendar') {
    const spanAt = createZonedPeriods(period.unit, period.timeZone, period.startsOn);
    return { budget, counted: kind, spanAt, metersOf };
  }
  const lengthMs = period.stepMs * ROLLING_STEPS;
  return { budget, counted: kind, spanAt: (nowMs) => ({ start: nowMs - lengthMs, end: nowMs }), metersOf };
}

function scopeMeters(budget: Budget): Enforced['metersOf'] {
  const { key, period } = budget;
  const metersOf = remembered(SCOPES_REMEMBERED, (place): ScopeMeters => {
    const [start = '', ...values] = place.split('\n').map(decodeURIComponent);
    const scope = scopeKey(budget, values);
    const name = `budget:${key}:${scope}`;
    const reserved = slidingMeter(`${name}:reserved`, RESERVED_MS);
    if (period.kind === 'calendar') return { scope, spent: fixedMeter(`${name}:${start}`, FOREVER_MS), reserved };
    return { scope, spent: slidingMeter(`${name}:spent`, period.stepMs * ROLLING_STEPS), reserved };
  });
  return (values, start) =>
    metersOf(values.reduce((place, value) => `${place}\n${encodeURIComponent(value)}`, fixedStart(period, start)));
}

/** The meters of a rolling period are those of the one before. */
const fixedStart = ({ kind }: Budget['period'], start: number): string => (kind === 'calendar' ? String(start) : '');

function budgetHeaders({ budget, counted }: Enforced, limit: number, used: number): string[] {
  return [
    ...['cf-aig-budget-id', budget.id, 'cf-aig-budget-limit', amountText(counted, limit)],
    ...['cf-aig-budget-remaining', amountText(counted, Math.max(0, limit - used)), 'cf-aig-budget-unit', counted],
  ];
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 128);
