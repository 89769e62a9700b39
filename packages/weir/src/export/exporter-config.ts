import type { Config } from '@weir/config';
import { DATASET_NAMES, type DatasetName, type ExporterConfig, parseHour } from '@weir/exporter';

/** The exporter's part of weir.yaml. @throws WeirError `EXPORT_WINDOW` for a `from` that is no hour. */
export function exporterConfig({ export: section }: Config): ExporterConfig {
  return {
    datasets: wantedDatasets(section),
    format: section.format,
    limits: { rows: section.file_rows, bytes: section.file_bytes },
    lagMs: section.lag_ms,
    intervalMs: section.interval_ms,
    from: section.from === '' ? undefined : parseHour(section.from),
    graceMs: section.delete_grace_ms,
  };
}

export const wantedDatasets = ({ datasets }: Config['export']): readonly DatasetName[] =>
  DATASET_NAMES.filter((name) => datasets[name]);
