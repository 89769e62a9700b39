import { WeirError } from '@weir/kernel';
import { startExport } from '../export/start-export.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

/** Does nothing without a destination, which is no error beside the other services. */
export const exporterPart: Part = async ({ settings, log, logger, metrics, warehouse }) => {
  if (settings.config.export.url === '') return { value: {}, stop: async () => undefined };
  const shared = { log, logger, metrics, version: WEIR_VERSION, warehouse: await warehouse() };
  const exporter = await startExport(settings, shared);
  return { value: {}, stop: () => exporter.stop() };
};

/** @throws WeirError `CLI_USAGE` when an exporter alone would have nothing to do. */
export function requireDestination(url: string): void {
  if (url !== '') return;
  throw new WeirError('CLI_USAGE', 'export.url is empty: there is nowhere to export to', {
    fix: 'Set export.url to file:<directory> or s3://bucket/prefix?endpoint=….',
  });
}
