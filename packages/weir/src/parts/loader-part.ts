import { startLoader } from '@weir/loader';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const loaderPart: Part = async ({ settings, log, logger, metrics, framing, warehouse }) => {
  const { loader, payloads } = settings.config;
  const started = await startLoader(
    {
      limits: { rows: loader.batch_rows, bytes: loader.batch_bytes, lingerMs: loader.linger_ms },
      payloads: { store: payloads.store, retentionDays: payloads.retention_days },
      onDataError: loader.on_data_error,
      audit: {
        everyMs: loader.audit_ms,
        repair: loader.repair_rollups,
        alone: settings.warehouseDirectory !== undefined,
      },
    },
    { log, logger, metrics, version: WEIR_VERSION, warehouse: await warehouse(), framing: framing['dead-letter'] },
  );
  return { value: {}, stop: () => started.stop() };
};
