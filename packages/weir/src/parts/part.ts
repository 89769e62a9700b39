import type { EventLog } from '@weir/event-log';
import type { EventName, Framing } from '@weir/events';
import type { Started } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import type { Warehouse } from '@weir/warehouse';
import type { Settings } from '../settings.ts';

/** What a service is composed from: by the pipeline process all at once, by `weir run` one alone. */
export interface PartContext {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly framing: Readonly<Record<EventName, Framing>>;
  /** With its topics. */
  readonly log: EventLog;
  /** Migrated; asked for by the parts that need one only. */
  readonly warehouse: () => Promise<Warehouse>;
  /** Where the ClickHouse HTTP interface answers, if it does. */
  readonly sqlUrl: string | undefined;
}

/** Addresses by name, of what listens. */
export type Urls = Readonly<Record<string, string>>;

export type Part = (context: PartContext) => Promise<Started<Urls>>;
