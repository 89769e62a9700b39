import { anomalyPart } from './anomaly-part.ts';
import { consolePart } from './console-part.ts';
import { costPart } from './cost-part.ts';
import { exporterPart } from './exporter-part.ts';
import { loaderPart } from './loader-part.ts';
import type { Part } from './part.ts';

/** The services behind the log, by name, in the order in which they start together: readers before their writers. */
export const PARTS: Readonly<Record<string, Part>> = {
  loader: loaderPart,
  anomaly: anomalyPart,
  cost: costPart,
  exporter: exporterPart,
  console: consolePart,
};

export type { Part, PartContext, Urls } from './part.ts';
