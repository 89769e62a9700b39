import { type AlertStatus, type Budget, type BudgetAlert, type BudgetStanding, shareOf } from '@weir/detectors';
import type { BudgetStateEvent, CostAnomalyEvent } from '@weir/events';
import { divideHalfEven, PICO_DIGITS, picoToText } from '@weir/kernel';
import { uuidV5 } from '../uuid-v5.ts';
import { describePace } from './describe-pace.ts';

type Pace = NonNullable<BudgetAlert['pace']>;

/** Namespace of the ids of budget alerts: a random UUID, fixed for ever. */
const NAMESPACE = '6f0d7c3e-59a1-4b8e-9d43-1f2a7c60e5b8';
/** Each alert passes each status at most once, so the status gives the version. */
const VERSIONS: Readonly<Record<AlertStatus, number>> = { open: 1, update: 2, resolved: 3 };
const METRICS = { usd: 'spend_usd', tokens: 'tokens', requests: 'requests' } as const;
/** The most that decimal(18,12) holds. */
const EVENT_USD_MAX = 10n ** 18n - 1n;

/** What detected anomalies say and budgets do not. */
const OF_DETECTION = {
  driver: '',
  direction: '',
  level: '',
  attributed: [],
  event_time: null,
  span_ms: null,
  spend_now_usd: null,
  spend_usual_usd: null,
  impact_usd_per_hour: null,
} as const;

type SeverityName = CostAnomalyEvent['severity'];

/** The identity of a threshold of a scope in a period; of a burn rate on a day, and of a forecast in a period, by name. */
export function budgetAlertId(budgetId: string, scopeKey: string, start: number, what: number | string): string {
  return uuidV5(NAMESPACE, JSON.stringify([budgetId, scopeKey, start, what]));
}

export function anomalyEvent(alert: BudgetAlert): CostAnomalyEvent {
  const { budget, scopeKey, scope, span, sums, status, threshold, at } = alert;
  const limit = alert.limit.amount;
  const reached = divideHalfEven(limit * threshold.numerator, threshold.denominator);
  const used = usedBy(alert);
  return {
    anomaly_id: budgetAlertId(budget.id, scopeKey, span.start, threshold.share),
    version: VERSIONS[status],
    status,
    severity: severityOf(threshold.share),
    kind: 'budget',
    detector: 'budget',
    account: scope['account'] ?? '',
    gateway: scope['gateway'] ?? '',
    scope,
    metric: METRICS[budget.limit.kind],
    detected_at: at,
    started_at: span.start,
    ended_at: status === 'resolved' ? span.end : null,
    observed: toNumber(budget, used),
    expected: toNumber(budget, limit),
    lower: 0,
    upper: toNumber(budget, reached),
    score: shareOf(budget, sums, limit),
    impact_usd: budget.limit.kind === 'usd' && sums.spent > limit ? atMost(sums.spent - limit) : 0n,
    causes: [],
    evidence: evidenceOf(alert),
    sample_request_ids: alert.requestId === '' ? [] : [alert.requestId],
    message: messageOf(alert),
    ...OF_DETECTION,
    ...(alert.pace === null ? {} : paceFields(alert, alert.pace)),
  };
}

/** What is different where no threshold was reached but the pace is too high. */
function paceFields(alert: BudgetAlert, { signal, since }: Pace): Partial<CostAnomalyEvent> {
  const { budget, scopeKey, limit } = alert;
  const burns = signal.kind === 'burn';
  const name = burns ? `burn ${signal.window.name}` : 'forecast';
  const pace = describePace(alert, signal);
  return {
    anomaly_id: budgetAlertId(budget.id, scopeKey, since, name),
    severity: burns ? signal.window.severity : 'warning',
    detector: burns ? 'budget_burn_rate' : 'budget_forecast',
    started_at: since,
    ended_at: alert.status === 'resolved' ? alert.at : null,
    observed: pace.observed,
    upper: toNumber(budget, limit.amount),
    score: pace.score,
    evidence: { ...evidenceOf(alert), ...pace.evidence },
    message: `Budget ${budget.id}${scopeText(alert)} ${pace.text}, ${spanText(alert.span)}.`,
  };
}

export function budgetStateEvent(standing: BudgetStanding): BudgetStateEvent {
  const { budget, span, sums } = standing;
  return {
    budget_id: budget.id,
    scope_key: standing.scopeKey,
    scope: standing.scope,
    period_start: span.start,
    period_end: span.end,
    limit_usd: budget.limit.kind === 'usd' ? atMost(standing.limit.amount) : null,
    spent_usd: atMost(sums.spent),
    requests: sums.requests,
    tokens: sums.tokens,
    unpriced: sums.unpriced,
    state: standing.level,
    thresholds_fired: standing.firedShares,
    updated_at: standing.changedAt,
    version: standing.version,
  };
}

function severityOf(share: number): SeverityName {
  if (share >= 1) return 'critical';
  return share >= 0.8 ? 'warning' : 'info';
}

const atMost = (amount: bigint): bigint => (amount > EVENT_USD_MAX ? EVENT_USD_MAX : amount);

function usedBy({ budget, sums }: BudgetAlert): bigint {
  if (budget.limit.kind === 'usd') return sums.spent;
  return BigInt(budget.limit.kind === 'tokens' ? sums.tokens : sums.requests);
}

/** For the event's columns of doubles, which charts read; the exact amounts stand in `evidence`. */
const toNumber = (budget: Budget, amount: bigint): number =>
  budget.limit.kind === 'usd' ? Number(picoToText(amount)) : Number(amount);

const amountText = (budget: Budget, amount: bigint): string =>
  budget.limit.kind === 'usd' ? picoToText(amount) : String(amount);

function evidenceOf(alert: BudgetAlert): Record<string, string> {
  const { budget, span, sums, threshold, supersededBy } = alert;
  return {
    budget_id: budget.id,
    scope_key: alert.scopeKey,
    limit: amountText(budget, alert.limit.amount),
    ...(alert.limit.reasons.length === 0
      ? {}
      : { limit_before: amountText(budget, budget.limit.amount), limit_reason: alert.limit.reasons.join('; ') }),
    limit_kind: budget.limit.kind,
    threshold: String(threshold.share),
    period: periodText(budget),
    period_start: new Date(span.start).toISOString(),
    period_end: new Date(span.end).toISOString(),
    spent_usd: picoToText(sums.spent),
    requests: String(sums.requests),
    tokens: String(sums.tokens),
    unpriced: String(sums.unpriced),
    enforcement: budget.enforcement,
    ...(supersededBy === null ? {} : { superseded_by_threshold: String(supersededBy.share) }),
  };
}

function periodText({ period }: Budget): string {
  if (period.kind === 'calendar') return period.unit;
  return `rolling ${(period.stepMs * 60) / 3_600_000}h`;
}

const UNITS = { usd: 'USD', tokens: 'tokens', requests: 'requests' } as const;
const MESSAGE_DIGITS = 4;

function messageOf(alert: BudgetAlert): string {
  const { budget, span, sums, threshold, status, supersededBy } = alert;
  const unit = UNITS[budget.limit.kind];
  const limit = amountText(budget, alert.limit.amount);
  const used = budget.limit.kind === 'usd' ? roundedUsd(sums.spent) : String(usedBy(alert));
  const share = `${Number((threshold.share * 100).toFixed(4))} %`;
  const happened = {
    open: `has reached ${share} of its ${limit} ${unit}`,
    update: `has gone on past ${share} and reached ${Number(((supersededBy?.share ?? 0) * 100).toFixed(4))} % of its ${limit} ${unit}`,
    resolved: `is over its alert at ${share} of ${limit} ${unit}`,
  }[status];
  const priced = budget.limit.kind === 'usd' ? sums.requests - sums.unpriced : sums.requests;
  const unknown = priced === sums.requests ? '' : `; ${sums.unpriced} more of unknown cost`;
  const requests = `${priced} ${priced === 1 ? 'request' : 'requests'}`;
  return `Budget ${budget.id}${scopeText(alert)} ${happened}: ${used} ${unit} by ${requests}${unknown}, ${spanText(span)}.`;
}

function scopeText({ scope }: BudgetAlert): string {
  const parts = Object.entries(scope).map(([dimension, value]) => `${dimension}=${value}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** For people: enough digits to see small amounts, none that are not there. */
function roundedUsd(spent: bigint): string {
  const text = picoToText(spent);
  const [whole = '0', fraction = ''] = text.split('.');
  const first = fraction.search(/[1-9]/);
  const digits = whole === '0' && first >= 0 ? first + MESSAGE_DIGITS : MESSAGE_DIGITS;
  if (fraction.length <= digits) return text;
  const step = 10n ** BigInt(PICO_DIGITS - digits);
  return picoToText(divideHalfEven(spent, step) * step);
}

function spanText({ start, end }: BudgetAlert['span']): string {
  const minute = (ts: number): string => new Date(ts).toISOString().slice(0, 16).replace('T', ' ');
  return `${minute(start)} to ${minute(end)} UTC`;
}
