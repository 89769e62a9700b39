import type { BudgetAlert, BudgetBook } from '@weir/detectors';
import type { Metrics } from '@weir/telemetry';
import type { Detection } from './detection/detection.ts';

/** What the anomaly service counts, by names of the Prometheus conventions. */
export interface AnomalyMetrics {
  /** The book to read shares from at scrape time; undefined while another process keeps it. */
  keep(book: BudgetBook | undefined): void;
  alerted(alert: BudgetAlert): void;
  late(budget: string): void;
  overflowed(budget: string): void;
  ignored(reason: string): void;
  delivered(webhook: string, alerts: number): void;
  webhookFailed(webhook: string, reason: string): void;
  silenced(webhook: string, handling: string): void;
  deadLettered(code: string): void;
  /** The detection to read at scrape time; undefined while another process keeps it. */
  watch(detection: Detection | undefined): void;
  found(kind: string, status: string): void;
}

export function createAnomalyMetrics(metrics: Metrics): AnomalyMetrics {
  let kept: BudgetBook | undefined;
  const detection = detectionMetrics(metrics);
  const shareHelp = 'Share of its limit that a budget has used; of its scopes the highest.';
  metrics.gauge('weir_budget_spent_share', shareHelp, ['budget'], (gauge) => {
    for (const { budget, share } of kept?.summary() ?? []) gauge.set(share, { budget: budget.id });
  });
  metrics.gauge('weir_budget_scopes', 'Scopes of a budget that are kept apart.', ['budget'], (gauge) => {
    for (const { budget, scopes } of kept?.summary() ?? []) gauge.set(scopes, { budget: budget.id });
  });
  const alerts = metrics.counter('weir_budget_events_total', 'Events of budget alerts.', ['budget', 'status']);
  const late = metrics.counter('weir_budget_late_total', 'Events too late for their period.', ['budget']);
  const overflow = metrics.counter(
    'weir_budget_overflow_total',
    'Events of combinations beyond max_scopes, counted together.',
    ['budget'],
  );
  const ignored = metrics.counter('weir_budget_ignored_total', 'Cost events that count against no budget.', ['reason']);
  const delivered = metrics.counter('weir_webhook_deliveries_total', 'Events that a webhook took.', ['webhook']);
  const failures = metrics.counter('weir_webhook_failures_total', 'Calls that failed.', ['webhook', 'reason']);
  const silenced = metrics.counter(
    'weir_webhook_silenced_total',
    'Events that a webhook was not told of, as people asked.',
    ['webhook', 'handling'],
  );
  const dead = metrics.counter('weir_anomaly_dead_letters_total', 'Records given up, by error code.', ['code']);
  return {
    ...detection,
    keep(book) {
      kept = book;
    },
    alerted: ({ budget, status }) => alerts.inc({ budget: budget.id, status }),
    late: (budget) => late.inc({ budget }),
    overflowed: (budget) => overflow.inc({ budget }),
    ignored: (reason) => ignored.inc({ reason }),
    delivered: (webhook, alerts) => delivered.inc({ webhook }, alerts),
    webhookFailed: (webhook, reason) => failures.inc({ webhook, reason }),
    silenced: (webhook, handling) => silenced.inc({ webhook, handling }),
    deadLettered: (code) => dead.inc({ code }),
  };
}

function detectionMetrics(metrics: Metrics): Pick<AnomalyMetrics, 'watch' | 'found'> {
  let watched: Detection | undefined;
  const gauges: readonly (readonly [name: string, help: string, read: (facts: Detection['facts']) => number])[] = [
    ['weir_anomaly_keys', 'Users of streams that the detector knows.', ({ keys }) => keys],
    ['weir_anomaly_state_bytes', 'Bytes of its state, without the names.', ({ bytes }) => bytes],
    ['weir_anomaly_waiting', 'Attempts that wait for earlier ones.', ({ waiting }) => waiting],
    ['weir_anomaly_late', 'Attempts that came late and counted as of when they came.', ({ late }) => late],
    [
      'weir_anomaly_ignored',
      'Attempts that came more than an hour late and were not looked at.',
      ({ ignored }) => ignored,
    ],
    ['weir_anomaly_event_time_seconds', 'Event time that detection has reached.', ({ watermark }) => watermark / 1_000],
  ];
  for (const [name, help, read] of gauges) {
    metrics.gauge(name, help, [], (gauge) => {
      if (watched !== undefined) gauge.set(read(watched.facts), {});
    });
  }
  const found = metrics.counter('weir_anomaly_alerts_total', 'Events of detected anomalies.', ['kind', 'status']);
  return {
    watch(detection) {
      watched = detection;
    },
    found: (kind, status) => found.inc({ kind, status }),
  };
}
