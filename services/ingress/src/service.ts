import type { SyncAppender } from '@weir/event-log';
import type { Framing } from '@weir/events';
import { createUuidV7, type Started, systemClock } from '@weir/kernel';
import { readExchange } from '@weir/providers';
import type { ResponseCache } from '@weir/response-cache';
import type { SharedState } from '@weir/shared-state';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import type { IngressConfig } from './config.ts';
import { createIngress, type Ingress } from './ingress.ts';
import type { CallMeter } from './limits/call-meter.ts';
import type { IngressLogger, IngressMetricsRegistry } from './ports.ts';

export interface StartIngressDependencies {
  readonly appender: SyncAppender;
  readonly logger: IngressLogger;
  readonly metrics: IngressMetricsRegistry;
  readonly metricsText: () => Promise<string>;
  readonly version: string;
  /** Where answers are kept; without one nothing is cached. */
  readonly responseCache?: ResponseCache;
  /** Where limits and budgets count; default: in this process alone. */
  readonly state?: SharedState;
  /** What calls cost. */
  readonly meter?: () => CallMeter | undefined;
  /** Framing of request events; Avro single-object by default. */
  readonly framing?: Framing;
}

/** Composes an ingress of the real clock, ids and provider readers, and starts it. @throws as `createIngress`. */
export function startIngress(
  settings: Partial<IngressConfig>,
  dependencies: StartIngressDependencies,
): Promise<Started<Ingress>> {
  return createIngress(settings, {
    state: openMemoryState({ clock: systemClock }),
    ...dependencies,
    readExchange,
    clock: systemClock,
    uuid: createUuidV7(),
    random: Math.random,
  });
}
