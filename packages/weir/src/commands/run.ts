import { nearest, Releasers, WeirError } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import { checkPorts } from '../check-ports.ts';
import { startMaintenance } from '../ledger/maintenance.ts';
import { startObserveServer } from '../observe-server.ts';
import { openLog } from '../open-log.ts';
import { openWarehouse } from '../open-warehouse.ts';
import { requireDestination } from '../parts/exporter-part.ts';
import { PARTS, type Part, type Urls } from '../parts/index.ts';
import { eventFraming } from '../processes/event-framing.ts';
import { processTelemetry } from '../processes/process-telemetry.ts';
import { startSupervisor } from '../processes/supervisor.ts';
import { ensureDirectory, localLogDirectory, type Settings } from '../settings.ts';
import { untilAborted } from '../until-aborted.ts';
import { untilReachable } from '../until-reachable.ts';
import type { Command, CommandInput } from './command.ts';

const SERVICES = ['ingress', ...Object.keys(PARTS), 'warehouse'];

export const run: Command = {
  name: 'run',
  usage: '<service>',
  summary: `Run one service alone, as many of it as you like: ${SERVICES.join(', ')}.`,
  options: {
    'observe-port': {
      value: 'port',
      help: 'where /healthz, /readyz and /metrics answer (0 = any; default observe.port)',
    },
  },
  examples: [
    'npm start -- run ingress --config weir.yaml',
    'npm start -- run loader --config weir.yaml --observe-port 9465',
  ],
  run: runService,
};

async function runService(input: CommandInput): Promise<number> {
  const name = input.positionals[0] ?? '';
  const { settings } = input;
  if (name === 'exporter') requireDestination(settings.config.export.url);
  const { logger, metrics } = processTelemetry(name, settings.config);
  const part = PARTS[name];
  const releasers = new Releasers();
  try {
    let urls: Urls;
    if (name === 'ingress') urls = await startIngressAlone(settings, logger, releasers);
    else if (name === 'warehouse') urls = await startWarehouseAlone(settings, logger, releasers);
    else if (part !== undefined) urls = await startPartAlone(part, input, { logger, metrics }, releasers);
    else throw unknownService(name);
    logger.info({ ...urls }, `${name} is running`);
    await untilAborted(input.signal);
    logger.info('stopping: what is in hand is finished');
    return 0;
  } finally {
    await releasers.stop();
  }
}

/** The workers and, in front of Kafka, the shipper; metrics and health are on the gateway's own port. */
async function startIngressAlone(settings: Settings, logger: Logger, releasers: Releasers): Promise<Urls> {
  ensureDirectory(localLogDirectory(settings));
  const { host, port } = settings.config.ingress;
  await checkPorts([{ field: 'ingress.port', host, port }]);
  const demoProviderUrl = undefined;
  const supervisor = await startSupervisor({ settings, pipeline: false, logger, demoProviderUrl });
  releasers.add('supervisor', () => supervisor.stop());
  return supervisor.value;
}

/** The embedded engine behind its SQL endpoint: a ClickHouse for the other services, without a server of its own. */
async function startWarehouseAlone(settings: Settings, logger: Logger, releasers: Releasers): Promise<Urls> {
  if (settings.warehouseDirectory === undefined) {
    throw new WeirError('CLI_URL_UNSUPPORTED', `warehouse.url is "${settings.config.warehouse.url}"`, {
      fix: 'To run the embedded engine alone, write chdb:<directory>.',
    });
  }
  ensureDirectory(settings.warehouseDirectory);
  const onError = (error: unknown): void => logger.error({ error }, 'SQL endpoint');
  const opened = await openWarehouse(settings, onError);
  releasers.add('warehouse', () => opened.warehouse.close());
  await opened.warehouse.migrate();
  const sql = await opened.startSql?.();
  if (sql === undefined || opened.engine === undefined) throw new Error('the embedded engine has no SQL endpoint');
  const maintenance = await startMaintenance(settings, opened.engine, onError);
  releasers.add('maintenance', () => maintenance.stop());
  releasers.add('sql', () => sql.stop());
  return { sql: sql.value.url };
}

async function startPartAlone(
  part: Part,
  { settings, options, signal }: CommandInput,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
  releasers: Releasers,
): Promise<Urls> {
  const { config } = settings;
  const port = Number(options['observe-port'] ?? config.observe.port);
  await checkPorts([{ field: 'observe.port', host: config.observe.host, port }]);
  const observe = await startObserveServer({ host: config.observe.host, port }, metrics);
  releasers.add('observe', () => observe.stop());
  const framing = await eventFraming(config);
  const log = await untilReachable('the event log', logger, () => openLog(settings, logger), signal);
  releasers.add('log', () => log.close());
  const warehouse = (): Promise<Warehouse> => openSharedWarehouse(settings, logger, releasers, signal);
  const sqlUrl = settings.warehouseDirectory === undefined ? config.warehouse.url : undefined;
  const started = await part({ settings, logger, metrics, framing, log, warehouse, sqlUrl });
  releasers.add('part', () => started.stop());
  observe.value.ready(true);
  return { ...started.value, observe: observe.value.url };
}

async function openSharedWarehouse(
  settings: Settings,
  logger: Logger,
  releasers: Releasers,
  signal: AbortSignal,
): Promise<Warehouse> {
  if (settings.warehouseDirectory !== undefined) {
    throw new WeirError('CLI_URL_UNSUPPORTED', `warehouse.url is "${settings.config.warehouse.url}"`, {
      fix: 'Services that run alone share a warehouse over HTTP: set warehouse.url to http://host:8123.',
    });
  }
  const { warehouse } = await openWarehouse(settings, (error) => logger.error({ error }, 'warehouse'));
  releasers.add('warehouse', () => warehouse.close());
  await untilReachable('the warehouse', logger, () => warehouse.migrate(), signal);
  return warehouse;
}

function unknownService(name: string): WeirError {
  const near = nearest(name, SERVICES);
  return new WeirError('CLI_SERVICE_UNKNOWN', `no service "${name}"; there are ${SERVICES.join(', ')}`, {
    fix: near === undefined ? 'Try: weir run loader' : `Did you mean "${near}"?`,
  });
}
