import type { SyncAppender } from '@weir/event-log';
import type { Framing } from '@weir/events';
import type { Clock } from '@weir/kernel';
import type { Exchange, ExchangeFacts } from '@weir/providers';
import type { ResponseCache } from '@weir/response-cache';
import type { SharedState } from '@weir/shared-state';
import type { CallMeter } from './limits/call-meter.ts';

/** Where log lines go; pino fits. Details never hold a body or a credential. */
export interface IngressLogger {
  /** So that the details of a line that nobody will see need not be gathered. */
  isLevelEnabled(level: 'debug'): boolean;
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface IngressCounter {
  inc(labels?: Readonly<Record<string, string>>, value?: number): void;
  series(labels: Readonly<Record<string, string>>): IngressCounterSeries;
}
/** A counter of which the labels are settled. */
export interface IngressCounterSeries {
  inc(value?: number): void;
}
export interface IngressHistogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
  series(labels: Readonly<Record<string, string>>): IngressHistogramSeries;
}
/** A histogram of which the labels are settled. */
export interface IngressHistogramSeries {
  observe(value: number): void;
}
export interface IngressGauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Where metrics are declared, each once; @weir/telemetry fits. */
export interface IngressMetricsRegistry {
  counter(name: string, help: string, labelNames?: readonly string[]): IngressCounter;
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): IngressHistogram;
  gauge(
    name: string,
    help: string,
    labelNames?: readonly string[],
    collect?: (gauge: IngressGauge) => void,
  ): IngressGauge;
}

/** What the ingress is given by its composition root. */
export interface IngressDependencies {
  /** The durable log of `request` events; its topic must exist. */
  readonly appender: SyncAppender;
  readonly logger: IngressLogger;
  readonly metrics: IngressMetricsRegistry;
  /** The text of `GET /metrics`; in a cluster of workers, the aggregate. */
  readonly metricsText: () => Promise<string>;
  /** Reads usage and names from bodies that will not be stored. */
  readonly readExchange: (exchange: Exchange) => ExchangeFacts;
  /** Where answers are kept; without one nothing is cached. */
  readonly responseCache?: ResponseCache;
  /** Where limits and budgets count. */
  readonly state: SharedState;
  /** What calls cost; without one no limit in tokens or money and no budget in them can be counted. */
  readonly meter?: () => CallMeter | undefined;
  /** Version of Weir, written to each event. */
  readonly version: string;
  /** Framing of request events; Avro single-object by default. */
  readonly framing?: Framing;
  readonly clock: Clock;
  /** Makes UUIDv7 texts, in order. */
  readonly uuid: () => string;
  /** In [0, 1), for what is to be spread by chance. */
  readonly random: () => number;
}
