import type { EventLog, Subscription } from '@weir/event-log';
import { createGravedigger, type Framing } from '@weir/events';
import { type Clock, errorCode, Releasers, SharedLock, type Started, systemClock } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import type { InsertBatch, Warehouse } from '@weir/warehouse';
import { startBatchNotes } from './batch-notes.ts';
import { createLedgerLookup } from './ledger-lookup.ts';
import { createLoaderMetrics, type LoaderMetrics } from './loader-metrics.ts';
import type { LoadDependencies, LoadLimits, OnDataError } from './partition/load-dependencies.ts';
import { runPartitionLoader } from './partition/partition-loader.ts';
import { type RollupAuditConfig, startRollupAudit } from './rollup-audit.ts';
import type { TableLoad } from './tables/table-load.ts';
import { startTableLoads } from './tables/table-loads.ts';

export interface LoaderConfig {
  readonly limits: LoadLimits;
  readonly payloads: { readonly store: boolean; readonly retentionDays: number };
  readonly onDataError: OnDataError;
  readonly audit: RollupAuditConfig;
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
const LEDGER = 'requests';

/** Starts the loader: every topic that has a table is loaded, each by a group of its own; rollups are audited. */
export async function startLoader(
  config: LoaderConfig,
  dependencies: LoaderDependencies,
): Promise<Started<readonly Subscription[]>> {
  const clock = dependencies.clock ?? systemClock;
  const { log, warehouse, logger, metrics } = dependencies;
  const releasers = new Releasers();
  const inserts = new SharedLock();
  const insert = async (batch: InsertBatch): Promise<void> => {
    const work = async (): Promise<void> => void (await warehouse.insert(batch));
    await (batch.table === LEDGER ? inserts.shared(work) : work());
  };
  const mine = new Set<number>();
  const notes = startBatchNotes(insert);
  releasers.add('batch notes', () => notes.stop());
  const audit = startRollupAudit(config.audit, { ...dependencies, inserts, clock, isMine: () => mine.has(0) });
  releasers.add('audit', () => audit.stop());
  const counted = createLoaderMetrics(metrics);
  const shared = { ...sharedDependencies(config, dependencies, clock, counted), insert };

  const startLoad = <Row>(load: TableLoad<Row>): Promise<Subscription> =>
    log.subscribe({
      group: load.group,
      topics: [load.topic],
      async onAssigned(assignment) {
        const { topic, partition } = assignment;
        const ofLedger = load.table === LEDGER;
        if (ofLedger) mine.add(partition);
        const hooks: Pick<LoadDependencies<Row>, 'onLoaded' | 'onResolved' | 'onRetry'> = {
          onLoaded(range, token, tookMs) {
            const { start, end, rows, bytes, fingerprint } = range;
            counted.loaded(load.table, rows.length, tookMs / 1_000);
            const repeated = range.repeated + range.leftOut.length;
            if (repeated > 0) counted.repeated(load.table, repeated);
            logger.debug({ table: load.table, rows: rows.length, start, end, ms: Math.round(tookMs) }, 'loaded');
            if (rows.length === 0) return;
            const offsets = { first_offset: start, last_offset: end, schema_fingerprint: fingerprint };
            const sizes = { rows: rows.length, bytes, elapsed_ms: tookMs };
            notes.add({ topic, partition, table: load.table, token, ...offsets, ...sizes });
          },
          onResolved(range) {
            logger.info({ topic, partition, start: range.start, end: range.end }, 'the range in doubt is loaded');
            const { identity } = load;
            if (identity !== undefined) audit.soon(range.rows.map(({ row }) => identity(row).ts));
          },
          onRetry(error, token, attempt) {
            counted.retried(load.table, errorCode(error));
            logger.warn({ table: load.table, token, attempt, error }, 'insert will be tried again');
          },
        };
        const { countRows, ...rest } = shared;
        try {
          await runPartitionLoader(assignment, { load, ...rest, ...(ofLedger ? { countRows } : {}), ...hooks });
        } finally {
          if (ofLedger) mine.delete(partition);
        }
      },
      onError: (error, { topic, partition }) =>
        logger.error({ table: load.table, topic, partition, error }, 'partition loader restarts'),
    });
  const subscriptions: Subscription[] = [];
  for (const starting of startTableLoads(config.payloads, startLoad)) {
    const subscription = await starting;
    subscriptions.push(subscription);
    releasers.add('load', () => subscription.stop());
  }
  return { value: subscriptions, stop: () => releasers.stop() };
}

/** What the loaders of all tables share. */
function sharedDependencies(
  config: LoaderConfig,
  dependencies: LoaderDependencies,
  clock: Clock,
  counted: LoaderMetrics,
) {
  const { log, logger, warehouse } = dependencies;
  const bury = createGravedigger({
    service: 'loader',
    version: dependencies.version,
    now: () => clock.now(),
    framing: dependencies.framing,
    append: (topic, records) => log.append(topic, records),
    onBuried(place, error) {
      counted.deadLettered(errorCode(error));
      logger.error({ record: place, error }, 'record sent to weir.dead-letters');
    },
  });
  const lookup = createLedgerLookup(warehouse, () => clock.now());
  const { limits, onDataError } = config;
  return { limits, onDataError, clock, retry: INSERT_RETRY, bury, ...lookup };
}
