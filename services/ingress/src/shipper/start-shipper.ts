import type { EventLog } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { errorCode, type Started } from '@weir/kernel';
import type { IngressLogger, IngressMetricsRegistry } from '../ports.ts';
import { shipPartition } from './ship-partition.ts';

/** The group of the spool that moves it to the log. */
export const SHIPPER_GROUP = 'weir-shipper';

export interface ShipperDependencies {
  /** This machine's durable spool of request events. */
  readonly spool: EventLog;
  /** The log that all machines share; its topics exist. */
  readonly log: EventLog;
  readonly logger: IngressLogger;
  readonly metrics: IngressMetricsRegistry;
}

/** A log that is away says so once, then every so many attempts. */
const LOG_EVERY_ATTEMPTS = 20;
const LAG_EVERY_MS = 5_000;
const RETRY = { baseMs: 50, capMs: 5_000 };

/** Starts moving the spool to the log: a log that is slow or away costs disk, not latency, and not events. */
export async function startShipper(dependencies: ShipperDependencies): Promise<Started<void>> {
  const { spool, log, logger, metrics } = dependencies;
  const topic = EVENTS.request.topic;
  const shipped = metrics.counter('weir_shipper_records_total', 'Records moved from the spool to the log.');
  const retries = metrics.counter('weir_shipper_retries_total', 'Appends to the log tried again.', ['code']);
  const refused = metrics.counter('weir_shipper_refused_total', 'Records the log will never take; the spool has them.');
  const waiting = metrics.gauge('weir_spool_lag_records', 'Records in the spool that are not in the log yet.');
  const measure = async (): Promise<void> => {
    const partitions = await spool.lag(SHIPPER_GROUP, topic);
    waiting.set(partitions.reduce((sum, { lag }) => sum + lag, 0));
  };
  const timer = setInterval(() => void measure().catch(() => undefined), LAG_EVERY_MS);
  timer.unref();
  const subscription = await spool.subscribe({
    group: SHIPPER_GROUP,
    topics: [topic],
    onAssigned: (assignment) =>
      shipPartition(assignment, {
        log,
        spool,
        retry: RETRY,
        onShipped: (records) => shipped.inc({}, records),
        onRetry(error, attempt) {
          retries.inc({ code: errorCode(error) });
          if (attempt % LOG_EVERY_ATTEMPTS === 0) logger.warn({ error, attempt }, 'the log does not take the spool');
        },
        onRefused(record, error) {
          refused.inc();
          const details = { error, offset: record.offset, bytes: record.value.byteLength, key: record.key };
          logger.error(details, 'a record is too large for the log; it stays in weir.requests.refused of the spool');
        },
      }),
    onError: (error, { partition }) => logger.error({ error, partition }, 'the shipper restarts'),
  });
  return {
    value: undefined,
    async stop() {
      clearInterval(timer);
      await subscription.stop();
    },
  };
}
