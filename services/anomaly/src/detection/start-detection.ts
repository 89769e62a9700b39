import type { Config } from '@weir/config';
import type { EventLog, Subscription } from '@weir/event-log';
import { createCodec, EVENTS, type Framing } from '@weir/events';
import type { Clock } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import type { AnomalyMetrics } from '../anomaly-metrics.ts';
import { anomalyEventOf } from './anomaly-event.ts';
import { ANOMALY_LOG_TOPIC } from './anomaly-log-codec.ts';
import { runDetectionKeeper, type SightingHistory } from './detection-keeper.ts';
import { runSightingWorker } from './sighting-worker.ts';
import { createTenantClock } from './tenant-clock.ts';

/** Consumer groups of detection. */
export const DETECTION_GROUPS = { sightings: 'weir-anomaly-sightings', detector: 'weir-anomaly-detector' } as const;

export interface DetectionDependencies {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: AnomalyMetrics;
  readonly clock: Clock;
  readonly framing: Framing | undefined;
  /** What there is to learn from when there is no state yet. */
  readonly history?: SightingHistory;
  /** The group that turns requests into costs: while it lags, silence is no silence. */
  readonly upstream?: { readonly group: string; readonly topic: string };
}

const IDS_REMEMBERED = 10_000;

/** Starts both stages of detection. @throws WeirError `ANOMALY_TIME_ZONE`. */
export async function startDetection(
  config: Config['anomalies'],
  dependencies: DetectionDependencies,
): Promise<readonly Subscription[]> {
  const detector = await subscribeDetector(config, dependencies);
  try {
    return [detector, await subscribeSightings(config, dependencies)];
  } catch (error) {
    await detector.stop();
    throw error;
  }
}

function subscribeSightings(
  config: Config['anomalies'],
  { log, logger, clock, upstream }: DetectionDependencies,
): Promise<Subscription> {
  const { topic } = EVENTS.cost;
  const group = DETECTION_GROUPS.sightings;
  return log.subscribe({
    group,
    topics: [topic],
    onAssigned: (assignment) =>
      runSightingWorker(assignment, {
        codec: createCodec('cost'),
        idsRemembered: IDS_REMEMBERED,
        clock,
        tickMs: config.tick_ms,
        partitions: async () => (await log.lag(group, topic)).length,
        async startOffset(partition) {
          const lags = await log.lag(group, topic);
          return lags.find((lag) => lag.partition === partition)?.startOffset ?? 0;
        },
        async isUpstreamRead(partition) {
          if (upstream === undefined) return true;
          const lags = await log.lag(upstream.group, upstream.topic);
          return (lags.find((lag) => lag.partition === partition)?.lag ?? 0) === 0;
        },
        append: (records) => log.append(ANOMALY_LOG_TOPIC, records),
        onIgnored: () => undefined,
      }),
    onError: (error, place) => logger.error({ ...place, error }, 'anomaly sighting worker restarts'),
  });
}

function subscribeDetector(
  config: Config['anomalies'],
  { log, logger, metrics, clock, framing, history }: DetectionDependencies,
): Promise<Subscription> {
  const codec = createCodec('cost-anomaly', framing);
  const tenantClock = createTenantClock({ timeZone: config.time_zone, byTenant: config.time_zones });
  return log.subscribe({
    group: DETECTION_GROUPS.detector,
    topics: [ANOMALY_LOG_TOPIC],
    onAssigned: (assignment) =>
      runDetectionKeeper(assignment, {
        lateMs: config.late_ms,
        tenantClock,
        snapshotMs: config.snapshot_ms,
        clock,
        history,
        append: (records) => log.append(ANOMALY_LOG_TOPIC, records),
        async publish(alerts) {
          const events = alerts.map(anomalyEventOf);
          const records = events.map((event) => ({ key: event.anomaly_id, value: codec.encode(event) }));
          await log.append(EVENTS['cost-anomaly'].topic, records);
          for (const { kind, status, level, message } of events) {
            metrics.found(kind, status);
            logger.info({ kind, status, level }, message);
          }
        },
        onStarted: (how, learnt) => logger.info({ from: STARTS[how], learnt }, 'anomaly detection is running'),
        onHistoryFailed: (error) =>
          logger.warn({ error }, 'the warehouse could not be read: detection learns from what comes'),
        onDetection: (detection) => metrics.watch(detection),
      }),
    onError: (error, place) => logger.error({ ...place, error }, 'anomaly detector restarts'),
  });
}

const STARTS = {
  restored: 'its snapshot',
  new: 'what the warehouse holds',
  new_form: 'what the warehouse holds: the snapshot is of another version',
} as const;
