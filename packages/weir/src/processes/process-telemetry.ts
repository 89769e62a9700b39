import type { Config } from '@weir/config';
import { createLogger, createMetrics, type Logger, type LogLevel, type Metrics } from '@weir/telemetry';

/** The logger and metrics of a process, as configured. */
export function processTelemetry(name: string, config: Config): { readonly logger: Logger; readonly metrics: Metrics } {
  const { level, format } = config.logging;
  const chosen = format === 'auto' ? (process.stderr.isTTY ? 'pretty' : 'json') : format;
  return { logger: createLogger({ name, level: level as LogLevel, format: chosen }), metrics: createMetrics() };
}
