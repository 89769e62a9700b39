import { ANOMALY_GROUPS, ANOMALY_LOG_TOPIC, BUDGET_LOG_TOPIC, DETECTION_GROUPS, webhookGroup } from '@weir/anomaly';
import type { Config } from '@weir/config';
import { COST_GROUP } from '@weir/cost';
import type { EventLog } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { LOADER_GROUPS } from '@weir/loader';
import type { Metrics } from '@weir/telemetry';
import { TRACER_GROUP } from '@weir/tracer';

const INTERVAL_MS = 5_000;

/** Groups whose lag is worth watching, with the topic each reads. */
export function watchedGroups(config: Config): readonly (readonly [group: string, topic: string])[] {
  const budgets: readonly (readonly [string, string])[] = [
    [ANOMALY_GROUPS.spend, EVENTS.cost.topic],
    [ANOMALY_GROUPS.book, BUDGET_LOG_TOPIC],
  ];
  const detection: readonly (readonly [string, string])[] = [
    [DETECTION_GROUPS.sightings, EVENTS.cost.topic],
    [DETECTION_GROUPS.detector, ANOMALY_LOG_TOPIC],
  ];
  const anomalies = EVENTS['cost-anomaly'].topic;
  return [
    [COST_GROUP, EVENTS.request.topic],
    [LOADER_GROUPS.requests, EVENTS.cost.topic],
    [LOADER_GROUPS.payloads, EVENTS.request.topic],
    [LOADER_GROUPS.deadLetters, EVENTS['dead-letter'].topic],
    ...(config.otel.url === '' ? [] : [[TRACER_GROUP, EVENTS.cost.topic] as const]),
    ...(config.anomalies.enabled ? detection : []),
    ...(Object.keys(config.budgets).length > 0 ? budgets : []),
    ...Object.keys(config.webhooks).map((name) => [webhookGroup(name), anomalies] as const),
  ];
}

/** Keeps gauges of lag (records behind) and of the size of each topic; returns what stops it. */
export function watchLag(log: EventLog, metrics: Metrics, config: Config): () => void {
  const lag = metrics.gauge('weir_log_lag_records', 'Records a group has not committed past.', ['group', 'topic']);
  const bytes = metrics.gauge('weir_log_bytes', 'Bytes of a topic.', ['topic']);
  const groups = watchedGroups(config);
  const measure = async (): Promise<void> => {
    for (const [group, topic] of groups) {
      const partitions = await log.lag(group, topic);
      lag.set(
        partitions.reduce((sum, partition) => sum + partition.lag, 0),
        { group, topic },
      );
    }
    for (const topic of await log.describe()) {
      if (topic.bytes !== null) bytes.set(topic.bytes, { topic: topic.name });
    }
  };
  const timer = setInterval(() => void measure().catch(() => undefined), INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
