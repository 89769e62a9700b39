import type { AnomalyAlert } from '@weir/detectors';
import type { CostAnomalyEvent } from '@weir/events';
import { picoFromText } from '@weir/kernel';
import { uuidV5 } from '../uuid-v5.ts';
import type { DetectedAlert } from './detection.ts';
import { accountOf } from './sighting.ts';

/** Namespace of the ids of detected anomalies: a random UUID, fixed for ever. */
const NAMESPACE = 'c1f6a9d4-7b02-4e35-8c1d-0a94f3e26b57';
/** The most that decimal(18,12) holds. */
const EVENT_USD_MAX = 10n ** 18n - 1n;
const PICO = 1e12;

/** A page is what costs much; low and medium are for working hours. */
const SEVERITIES = { info: 'info', low: 'warning', medium: 'warning', high: 'critical' } as const;

type Dims = AnomalyAlert['dims'];

/** The detector's dimensions as columns of the ledger. */
const COLUMNS = {
  env: 'env',
  feature: 'feature',
  user: 'user_id',
  provider: 'provider',
  model: 'model',
  prompt: 'prompt_fp',
  key: 'api_key_id',
} as const;
/** The most telling dimension of a cause first. */
const TELLING = ['prompt', 'user', 'key', 'model', 'provider', 'feature'] as const;

/** What is published of an alert: equal for equal states of the detector. */
export function anomalyEventOf({ alert, foundAt, requestIds }: DetectedAlert): CostAnomalyEvent {
  const { spend, state, dims } = alert;
  const cause = alert.attributed[0]?.dims ?? dims;
  const owner = accountOf(dims.tenant ?? cause.tenant ?? '');
  const now = spend === null ? null : bounded(picoFromText(spend.now_usd));
  const usual = spend === null ? null : bounded(picoFromText(spend.usual_usd));
  const above = now === null || usual === null ? 0n : now - usual;
  return {
    anomaly_id: uuidV5(NAMESPACE, JSON.stringify([alert.id, alert.direction])),
    version: alert.version,
    status: state,
    severity: SEVERITIES[alert.severity],
    kind: alert.kind,
    detector: 'anomaly',
    account: owner.account,
    gateway: owner.account === '' ? '' : owner.gateway,
    scope: columnsOf(dims),
    metric: alert.metric,
    detected_at: foundAt,
    started_at: alert.started_at,
    ended_at: state === 'resolved' ? alert.ts : null,
    observed: alert.observed,
    expected: alert.expected,
    lower: alert.expected,
    upper: alert.expected,
    score: alert.nats,
    impact_usd: above > 0n ? above : 0n,
    causes: causesOf(alert, cause),
    evidence: alert.evidence,
    sample_request_ids: requestIds,
    message: alert.message,
    driver: alert.driver,
    direction: alert.direction,
    level: alert.severity,
    attributed: alert.attributed.map(({ dims: named, share }) => ({ scope: columnsOf(named), share })),
    event_time: alert.ts,
    span_ms: spend === null ? null : Math.round(spend.span_minutes * 60_000),
    spend_now_usd: now,
    spend_usual_usd: usual,
    impact_usd_per_hour: Number.isFinite(alert.usd_an_hour)
      ? bounded(BigInt(Math.round(alert.usd_an_hour * PICO)))
      : null,
  };
}

function columnsOf(dims: Dims): Record<string, string> {
  const columns: Record<string, string> = {};
  if (dims.tenant !== undefined) {
    const { account, gateway } = accountOf(dims.tenant);
    columns['account'] = account;
    columns['gateway'] = gateway;
  }
  for (const [name, column] of Object.entries(COLUMNS)) {
    const value = dims[name as keyof typeof COLUMNS];
    if (value !== undefined) columns[column] = value;
  }
  return columns;
}

/** The exact split of the change; the part that the test is about names what it is put down to. */
function causesOf({ spend, driver }: AnomalyAlert, cause: Dims): CostAnomalyEvent['causes'] {
  const telling = TELLING.find((name) => cause[name] !== undefined);
  return (spend?.parts ?? []).map((part) => {
    const named = part.driver === driver && telling !== undefined;
    return {
      dimension: named ? COLUMNS[telling] : '',
      value: named ? (cause[telling] ?? '') : '',
      kind: part.driver,
      share: part.share,
      delta_usd: bounded(picoFromText(part.delta_usd)),
    };
  });
}

function bounded(amount: bigint): bigint {
  if (amount > EVENT_USD_MAX) return EVENT_USD_MAX;
  return amount < -EVENT_USD_MAX ? -EVENT_USD_MAX : amount;
}
