import type { Part } from './part.ts';

/**
 * The services behind the log, by name, in the order in which they start together: readers before their writers. Each
 * is loaded when it is started, so that a process carries what it runs only.
 */
export const PARTS: Readonly<Record<string, Part>> = {
  loader: async (context) => (await import('./loader-part.ts')).loaderPart(context),
  anomaly: async (context) => (await import('./anomaly-part.ts')).anomalyPart(context),
  tracer: async (context) => (await import('./tracer-part.ts')).tracerPart(context),
  cost: async (context) => (await import('./cost-part.ts')).costPart(context),
  exporter: async (context) => (await import('./exporter-part.ts')).exporterPart(context),
  console: async (context) => (await import('./console-part.ts')).consolePart(context),
};

export type { Part, PartContext, Urls } from './part.ts';
