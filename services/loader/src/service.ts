import type { EventLog, Subscription } from '@weir/event-log';
import { createGravedigger, type Framing } from '@weir/events';
import { type Clock, errorCode, Releasers, type Started, systemClock } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import { createLoaderMetrics } from './loader-metrics.ts';
import { type LoadLimits, runPartitionLoader } from './partition-loader.ts';
import type { TableLoad } from './table-load.ts';
import { startTableLoads } from './table-loads.ts';

export interface LoaderConfig {
  readonly limits: LoadLimits;
  readonly payloads: { readonly store: boolean; readonly retentionDays: number };
}

export interface LoaderDependencies {
  readonly log: EventLog;
  /** Migrated already. */
  readonly warehouse: Warehouse;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly clock?: Clock;
  /** Framing of dead letters; single-object by default. */
  readonly framing?: Framing;
}

const INSERT_RETRY = { baseMs: 100, capMs: 30_000 };

/** Starts the loader: every topic that has a table is loaded, each by a group of its own. */
export async function startLoader(
  config: LoaderConfig,
  dependencies: LoaderDependencies,
): Promise<Started<readonly Subscription[]>> {
  const clock = dependencies.clock ?? systemClock;
  const metrics = createLoaderMetrics(dependencies.metrics);
  const { log, warehouse, logger } = dependencies;
  const bury = createGravedigger({
    service: 'loader',
    version: dependencies.version,
    now: () => clock.now(),
    framing: dependencies.framing,
    append: (topic, records) => log.append(topic, records),
    onBuried(place, error) {
      metrics.deadLettered(errorCode(error));
      logger.error({ record: place, error }, 'record sent to weir.dead-letters');
    },
  });
  const startLoad = <Row>(load: TableLoad<Row>): Promise<Subscription> =>
    log.subscribe({
      group: load.group,
      topics: [load.topic],
      onAssigned: (assignment) =>
        runPartitionLoader(assignment, {
          load,
          limits: config.limits,
          clock,
          retry: INSERT_RETRY,
          insert: async (batch) => void (await warehouse.insert(batch)),
          bury,
          onLoaded(range, tookMs) {
            metrics.loaded(load.table, range.rows.length, tookMs / 1_000);
            if (range.repeated > 0) metrics.repeated(load.table, range.repeated);
            const { start, end } = range;
            logger.debug({ table: load.table, rows: range.rows.length, start, end, ms: Math.round(tookMs) }, 'loaded');
          },
          onRetry(error, token, attempt) {
            metrics.retried(load.table, errorCode(error));
            logger.warn({ table: load.table, token, attempt, error }, 'insert will be tried again');
          },
        }),
      onError: (error, { topic, partition }) =>
        logger.error({ table: load.table, topic, partition, error }, 'partition loader restarts'),
    });
  const releasers = new Releasers();
  const subscriptions: Subscription[] = [];
  for (const starting of startTableLoads(config.payloads, startLoad)) {
    const subscription = await starting;
    subscriptions.push(subscription);
    releasers.add('load', () => subscription.stop());
  }
  return { value: subscriptions, stop: () => releasers.stop() };
}
