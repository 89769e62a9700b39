import { COST_GROUP } from '@weir/cost';
import type { EventLog } from '@weir/event-log';
import { EVENTS } from '@weir/events';
import { startExporter, type Watermark } from '@weir/exporter';
import { Releasers, type Started } from '@weir/kernel';
import { LOADER_GROUPS } from '@weir/loader';
import type { Logger, Metrics } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import type { Settings } from '../settings.ts';
import { exporterConfig } from './exporter-config.ts';
import { createLogWatermark } from './log-watermark.ts';
import { openObjectStore } from './open-object-store.ts';

export interface ExportDependencies {
  readonly log: EventLog;
  readonly warehouse: Warehouse;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
}

/** Starts the exporter when a destination is configured. */
export async function startExport(settings: Settings, dependencies: ExportDependencies): Promise<Started<void>> {
  const releasers = new Releasers();
  const { url } = settings.config.export;
  if (url !== '') {
    const config = exporterConfig(settings.config);
    const store = await openObjectStore(url, settings.baseDirectory, settings);
    releasers.add('object store', () => store.close());
    const watermark = watermarkOf(dependencies.log, settings);
    const exporter = startExporter(config, { ...dependencies, store, watermark });
    releasers.add('exporter', () => exporter.stop());
  }
  return { value: undefined, stop: () => releasers.stop() };
}

/** The watermark of this composition: requests become costs, costs become rows, and bodies when they are exported. */
export function watermarkOf(log: EventLog, { config }: Settings): Watermark {
  const bodies = config.payloads.store && config.export.datasets.payloads;
  return createLogWatermark(log, {
    cost: { group: COST_GROUP, topic: EVENTS.request.topic },
    loader: { group: LOADER_GROUPS.requests, topic: EVENTS.cost.topic },
    alongside: bodies ? [{ group: LOADER_GROUPS.payloads, topic: EVENTS.request.topic }] : [],
  });
}
