import type { Metrics } from '@weir/telemetry';
import type { DatasetName } from './datasets/dataset.ts';
import type { Manifest } from './manifest/manifest.ts';

/** What the exporter counts. */
export interface ExportMetrics {
  published(manifest: Manifest): void;
  failed(dataset: DatasetName | 'all', code: string): void;
  swept(dataset: DatasetName, files: number): void;
  watermarkLag(seconds: number): void;
  behind(dataset: DatasetName, hours: number): void;
}

export function createExportMetrics(metrics: Metrics): ExportMetrics {
  const hours = metrics.counter('weir_export_hours_total', 'Hours published.', ['dataset', 'reason']);
  const rows = metrics.counter('weir_export_rows_total', 'Rows published.', ['dataset']);
  const bytes = metrics.counter('weir_export_bytes_total', 'Bytes published.', ['dataset']);
  const failures = metrics.counter('weir_export_failures_total', 'Exports that failed, by code.', ['dataset', 'code']);
  const swept = metrics.counter('weir_export_swept_files_total', 'Unpublished files removed.', ['dataset']);
  const lag = metrics.gauge('weir_export_watermark_lag_seconds', 'How far the loader is behind the clock.');
  const behind = metrics.gauge('weir_export_hours_behind', 'Hours due and not published.', ['dataset']);
  return {
    published({ dataset, reason, totals }) {
      hours.inc({ dataset, reason });
      rows.inc({ dataset }, totals.rows);
      bytes.inc({ dataset }, totals.bytes);
    },
    failed: (dataset, code) => failures.inc({ dataset, code }),
    swept: (dataset, files) => swept.inc({ dataset }, files),
    watermarkLag: (seconds) => lag.set(seconds),
    behind: (dataset, count) => behind.set(count, { dataset }),
  };
}
