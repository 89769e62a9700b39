import { ANOMALY_GROUPS, ANOMALY_LOG_TOPIC, BUDGET_LOG_TOPIC, DETECTION_GROUPS, webhookGroup } from '@weir/anomaly';
import type { Config } from '@weir/config';
import { CLAIM_HORIZON_MS, CLAIMS_TOPIC, COST_GROUP } from '@weir/cost';
import type { TopicSpec } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { LOADER_GROUPS } from '@weir/loader';

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

/** Every topic of Weir, with who must have read a record before it may go. */
export function topicSpecs(config: Config): TopicSpec[] {
  const { partitions, requests, costs } = config.log;
  const readers = config.payloads.store ? [COST_GROUP, LOADER_GROUPS.payloads] : [COST_GROUP];
  const budgets = Object.keys(config.budgets).length > 0;
  const { enabled } = config.anomalies;
  const webhooks = Object.keys(config.webhooks).map(webhookGroup);
  return [
    { ...limits(EVENTS.request.topic, partitions, requests), protectedGroups: readers },
    {
      ...limits(EVENTS.cost.topic, partitions, costs),
      protectedGroups: [
        LOADER_GROUPS.requests,
        ...(budgets ? [ANOMALY_GROUPS.spend] : []),
        ...(enabled ? [DETECTION_GROUPS.sightings] : []),
      ],
    },
    { ...small(EVENTS['cost-anomaly'].topic, partitions), protectedGroups: [LOADER_GROUPS.anomalies, ...webhooks] },
    {
      name: EVENTS['budget-state'].topic,
      partitions: 1,
      compact: true,
      maxBytes: 256 * MEBIBYTE,
      protectedGroups: [LOADER_GROUPS.budgetStates],
    },
    {
      name: BUDGET_LOG_TOPIC,
      partitions: 1,
      retentionMs: DAY_MS,
      retentionBytes: 64 * MEBIBYTE,
      maxBytes: 1_024 * MEBIBYTE,
      protectedGroups: budgets ? [ANOMALY_GROUPS.book] : [],
    },
    // Outlives what is remembered of it by a day.
    { name: CLAIMS_TOPIC, partitions: 1, retentionMs: CLAIM_HORIZON_MS + DAY_MS, maxBytes: 1_024 * MEBIBYTE },
    {
      name: ANOMALY_LOG_TOPIC,
      partitions: 1,
      retentionMs: DAY_MS,
      // On Kafka this alone keeps the newest snapshot, which may have hundreds of MiB with a million keys.
      retentionBytes: 1_024 * MEBIBYTE,
      maxBytes: 4_096 * MEBIBYTE,
      protectedGroups: enabled ? [DETECTION_GROUPS.detector] : [],
    },
    {
      name: EVENTS['alert-action'].topic,
      partitions: 1,
      compact: true,
      maxBytes: 64 * MEBIBYTE,
      protectedGroups: [LOADER_GROUPS.alertActions],
    },
    { ...small(EVENTS['dead-letter'].topic, 1), protectedGroups: [LOADER_GROUPS.deadLetters] },
  ];
}

function limits(name: string, partitions: number, topic: Config['log']['requests']): TopicSpec {
  return {
    name,
    partitions,
    retentionMs: topic.retention_ms,
    retentionBytes: topic.retention_bytes,
    maxBytes: topic.max_bytes,
  };
}

const small = (name: string, partitions: number): TopicSpec => ({
  name,
  partitions,
  retentionMs: 30 * DAY_MS,
  retentionBytes: 256 * MEBIBYTE,
  maxBytes: 1_024 * MEBIBYTE,
});
