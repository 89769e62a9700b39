/** Everything behind the log, in one process: cost, loader, warehouse, SQL endpoint, console. */
import { dirname } from 'node:path';
import { createConsole } from '@weir/console';
import { openPriceBook, startCost } from '@weir/cost';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { Releasers } from '@weir/kernel';
import { startLoader } from '@weir/loader';
import { openWarehouse } from '../open-warehouse.ts';
import { ensureDirectory, loadSettings } from '../settings.ts';
import { topicSpecs } from '../topics.ts';
import { WEIR_VERSION } from '../version.ts';
import { runChild } from './child-process.ts';
import { eventFraming } from './event-framing.ts';
import { watchLag } from './lag-metrics.ts';
import { processTelemetry } from './process-telemetry.ts';

const settings = loadSettings(process.env['WEIR_INTERNAL_CONFIG_FILE']);
const telemetry = processTelemetry('pipeline', settings.config);

await runChild('pipeline', telemetry, async () => {
  const { config } = settings;
  const { logger, metrics } = telemetry;
  const releasers = new Releasers();
  const urls: Record<string, string> = {};
  try {
    const framing = await eventFraming(config);
    if (settings.warehouseDirectory !== undefined) ensureDirectory(settings.warehouseDirectory);
    const { warehouse, startSql } = await openWarehouse(settings, (error) => logger.error({ error }, 'SQL endpoint'));
    releasers.add('warehouse', () => warehouse.close());
    const applied = await warehouse.migrate();
    if (applied.length > 0) logger.info({ migrations: applied.map(({ name }) => name) }, 'warehouse migrated');

    const log = await openEmbeddedLog({ directory: settings.logDirectory, fsyncIntervalMs: config.log.fsync_ms });
    releasers.add('log', () => log.close());
    await log.ensureTopics(topicSpecs(config));
    releasers.add('lag metrics', watchLag(log, metrics));

    if (startSql !== undefined && config.sql.enabled) {
      const sql = await startSql();
      releasers.add('sql', () => sql.stop());
      urls['sql'] = sql.value.url;
    }
    const limits = {
      rows: config.loader.batch_rows,
      bytes: config.loader.batch_bytes,
      lingerMs: config.loader.linger_ms,
    };
    const payloads = { store: config.payloads.store, retentionDays: config.payloads.retention_days };
    const shared = { log, logger, metrics, version: WEIR_VERSION };
    const loader = await startLoader({ limits, payloads }, { ...shared, warehouse, framing: framing['dead-letter'] });
    releasers.add('loader', () => loader.stop());
    const baseDirectory = settings.file === undefined ? process.cwd() : dirname(settings.file);
    const { price_book: priceBook, price_book_sha256: priceBookSha256, price_terms: priceTerms } = config.cost;
    const book = await openPriceBook({ priceBook, priceBookSha256, priceTerms, baseDirectory }, logger);
    const cost = await startCost({
      ...shared,
      book,
      estimateUsage: config.cost.estimate_usage,
      framing: { cost: framing.cost, deadLetter: framing['dead-letter'] },
    });
    releasers.add('cost', () => cost.stop());
    if (config.console.enabled) {
      const { host, port } = config.console;
      const sqlUrl = urls['sql'] === undefined ? {} : { sqlUrl: urls['sql'] };
      const gatewayUrl = `http://${config.ingress.host}:${config.ingress.port}`;
      const page = await createConsole({ host, port, gatewayUrl, ...sqlUrl }, { warehouse, logger });
      releasers.add('console', () => page.stop());
      urls['console'] = page.value.url;
    }
    return { value: { urls }, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
});
