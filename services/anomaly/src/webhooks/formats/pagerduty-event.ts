import type { CostAnomalyEvent } from '@weir/events';
import { picoToText } from '@weir/kernel';
import { shortened } from './alert-text.ts';

const usdText = (pico: bigint | null): string | null => (pico === null ? null : picoToText(pico));

/** Limit of PagerDuty. */
const SUMMARY_MAX = 1_024;

/** Events API v2: an alert's life is one incident, known by `dedup_key`; an update is a trigger with the same key. */
export function pagerdutyEvent(routingKey: string, event: CostAnomalyEvent): unknown {
  const { anomaly_id, status, severity, kind, detector, scope, message, detected_at } = event;
  const common = { routing_key: routingKey, dedup_key: anomaly_id };
  if (status === 'resolved') return { ...common, event_action: 'resolve' };
  return {
    ...common,
    event_action: 'trigger',
    client: 'Weir',
    payload: {
      summary: shortened(message, SUMMARY_MAX),
      source: 'weir',
      severity,
      timestamp: new Date(detected_at).toISOString(),
      component: scope['feature'] ?? detector,
      group: scope['account'] ?? event.account,
      class: kind,
      custom_details: {
        scope,
        metric: event.metric,
        observed: event.observed,
        expected: event.expected,
        impact_usd: picoToText(event.impact_usd),
        impact_usd_per_hour: usdText(event.impact_usd_per_hour),
        driver: event.driver,
        direction: event.direction,
        attributed: event.attributed,
        spend_now_usd: usdText(event.spend_now_usd),
        spend_usual_usd: usdText(event.spend_usual_usd),
        causes: event.causes.map((cause) => ({ ...cause, delta_usd: picoToText(cause.delta_usd) })),
        evidence: event.evidence,
        sample_request_ids: event.sample_request_ids,
      },
    },
  };
}
