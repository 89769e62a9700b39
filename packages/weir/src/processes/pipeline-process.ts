/** Everything behind the log, in one process: warehouse, SQL endpoint, loader, anomaly, cost, exporter, console. */
import { Releasers } from '@weir/kernel';
import { startMaintenance } from '../ledger/maintenance.ts';
import { openLog } from '../open-log.ts';
import { openWarehouse } from '../open-warehouse.ts';
import { PARTS } from '../parts/index.ts';
import { ensureDirectory, settingsWith } from '../settings.ts';
import { untilReachable } from '../until-reachable.ts';
import { configFromSupervisor, runChild } from './child-process.ts';
import { eventFraming } from './event-framing.ts';
import { watchLag } from './lag-metrics.ts';
import { processTelemetry } from './process-telemetry.ts';

const settings = settingsWith(await configFromSupervisor());
const telemetry = processTelemetry('pipeline', settings.config);

await runChild('pipeline', telemetry, async () => {
  const { config } = settings;
  const { logger, metrics } = telemetry;
  const releasers = new Releasers();
  const urls: Record<string, string> = {};
  try {
    const framing = await eventFraming(config);
    if (settings.warehouseDirectory !== undefined) ensureDirectory(settings.warehouseDirectory);
    const onSqlError = (error: unknown): void => logger.error({ error }, 'SQL endpoint');
    const { warehouse, engine, startSql } = await openWarehouse(settings, onSqlError);
    releasers.add('warehouse', () => warehouse.close());
    const applied = await untilReachable('the warehouse', logger, () => warehouse.migrate());
    if (applied.length > 0) logger.info({ migrations: applied.map(({ name }) => name) }, 'warehouse migrated');

    if (engine !== undefined) {
      const maintenance = await startMaintenance(settings, engine, onSqlError);
      releasers.add('maintenance', () => maintenance.stop());
    }
    const log = await untilReachable('the event log', logger, () => openLog(settings, logger));
    releasers.add('log', () => log.close());
    releasers.add('lag metrics', watchLag(log, metrics, config));

    if (startSql !== undefined && config.sql.enabled) {
      const sql = await startSql();
      releasers.add('sql', () => sql.stop());
      urls['sql'] = sql.value.url;
    }
    const context = { settings, logger, metrics, framing, log, warehouse: async () => warehouse, sqlUrl: urls['sql'] };
    for (const [name, start] of Object.entries(PARTS)) {
      if (name === 'console' && !config.console.enabled) continue;
      const part = await start(context);
      releasers.add(name, () => part.stop());
      Object.assign(urls, part.value);
    }
    return { value: { urls }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
});
