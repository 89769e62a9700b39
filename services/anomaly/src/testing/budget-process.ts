import { writeSync } from 'node:fs';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { createLogger, createMetrics } from '@weir/telemetry';
import { type AnomalyConfig, startAnomaly } from '../index.ts';

/** The anomaly service as a process of its own, until it is killed. Arguments: log directory, configuration as JSON. */
const [directory = '', config = '{}'] = process.argv.slice(2);
const log = openEmbeddedLog({ directory, leaseMs: 300, fsyncIntervalMs: 50 });
await startAnomaly(JSON.parse(config) as AnomalyConfig, {
  log,
  logger: createLogger({ name: 'budgets', level: 'warn', format: 'json' }),
  metrics: createMetrics(),
  version: '0.0.0',
});
writeSync(1, 'ready\n');
