import type { Outcome } from '@weir/events';
import type {
  IngressCounter,
  IngressCounterSeries,
  IngressHistogram,
  IngressHistogramSeries,
  IngressMetricsRegistry,
} from './ports.ts';

/** What the ingress counts; see the help texts. */
export interface IngressMetrics {
  readonly requests: IngressCounter;
  readonly refusals: IngressCounter;
  readonly durationSeconds: IngressHistogram;
  readonly ttfbSeconds: IngressHistogram;
  readonly overheadSeconds: IngressHistogramSeries;
  readonly appendSeconds: IngressHistogramSeries;
  readonly appendFailures: IngressCounter;
  readonly bodiesDropped: IngressCounter;
  readonly eventsLost: IngressCounter;
  readonly metadataWarnings: IngressCounter;
  readonly stateUnreachable: IngressCounter;
  readonly cacheHits: IngressCounterSeries;
  readonly cacheMisses: IngressCounterSeries;
  readonly cacheStored: IngressCounterSeries;
  readonly cacheFailures: IngressCounter;
}

/** What is counted of the attempts at one provider. */
export interface ProviderSeries {
  readonly durationSeconds: IngressHistogramSeries;
  readonly ttfbSeconds: IngressHistogramSeries;
  requests(outcome: Outcome): IngressCounterSeries;
}

/** Values that are read when metrics are scraped. */
export interface IngressGauges {
  callsInFlight(): number;
  eventsWaiting(): number;
  captureBytes(): number;
}

const ANSWER_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const OVERHEAD_BUCKETS = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05];
const APPEND_BUCKETS = [0.00001, 0.00002, 0.00005, 0.0001, 0.0005, 0.001, 0.01, 0.1];

/** Declares the metrics of the ingress. Labels are bounded: providers are configured names, the rest are enums. */
export function createIngressMetrics(registry: IngressMetricsRegistry): IngressMetrics {
  const cacheLookUps = registry.counter(
    'weir_ingress_cache_lookups_total',
    'Calls that asked the cache: hit or miss.',
    ['status'],
  );
  return {
    requests: registry.counter('weir_ingress_requests_total', 'Upstream attempts, one ledger row each.', [
      'provider',
      'outcome',
    ]),
    refusals: registry.counter(
      'weir_ingress_refusals_total',
      'Calls answered without an upstream attempt, hence without a ledger row.',
      ['code'],
    ),
    durationSeconds: registry.histogram(
      'weir_ingress_duration_seconds',
      'From accepting a call to the last byte of its answer.',
      ANSWER_BUCKETS,
      ['provider'],
    ),
    ttfbSeconds: registry.histogram(
      'weir_ingress_ttfb_seconds',
      'From accepting a call to the first body byte of its answer.',
      ANSWER_BUCKETS,
      ['provider'],
    ),
    overheadSeconds: registry
      .histogram('weir_ingress_overhead_seconds', 'Of the duration, what Weir added itself.', OVERHEAD_BUCKETS)
      .series({}),
    appendSeconds: registry
      .histogram(
        'weir_ingress_append_seconds',
        'Writing the events of one turn of the event loop to the log.',
        APPEND_BUCKETS,
      )
      .series({}),
    appendFailures: registry.counter('weir_ingress_append_failures_total', 'Appends that the log refused.', ['code']),
    bodiesDropped: registry.counter(
      'weir_ingress_bodies_dropped_total',
      'Events written without their bodies because the log was nearly full.',
    ),
    eventsLost: registry.counter(
      'weir_ingress_events_lost_total',
      'Events that are in the log file of the process only. Must stay 0.',
    ),
    stateUnreachable: registry.counter(
      'weir_ingress_state_unreachable_total',
      'Calls that limits and budgets could not count.',
    ),
    metadataWarnings: registry.counter(
      'weir_ingress_metadata_warnings_total',
      'Calls of which metadata entries were left out.',
    ),
    cacheHits: cacheLookUps.series({ status: 'hit' }),
    cacheMisses: cacheLookUps.series({ status: 'miss' }),
    cacheStored: registry
      .counter('weir_ingress_cache_stored_total', 'Answers that were given to the cache.')
      .series({}),
    cacheFailures: registry.counter(
      'weir_ingress_cache_failures_total',
      'Reads and writes of the cache that failed; a read that failed is a miss.',
      ['code'],
    ),
  };
}

/** Finds the series of a provider; each is looked up by its labels once. */
export function createProviderSeries(metrics: IngressMetrics): (provider: string) => ProviderSeries {
  // As bounded as the label is.
  const known = new Map<string, ProviderSeries>();
  return (provider) => {
    const found = known.get(provider);
    if (found !== undefined) return found;
    const byOutcome = new Map<Outcome, IngressCounterSeries>();
    const series: ProviderSeries = {
      durationSeconds: metrics.durationSeconds.series({ provider }),
      ttfbSeconds: metrics.ttfbSeconds.series({ provider }),
      requests: (outcome) => {
        const counter = byOutcome.get(outcome) ?? metrics.requests.series({ provider, outcome });
        byOutcome.set(outcome, counter);
        return counter;
      },
    };
    known.set(provider, series);
    return series;
  };
}

/** Declares the values that are read at scrape time. */
export function declareIngressGauges(registry: IngressMetricsRegistry, gauges: IngressGauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.gauge(name, help, [], (target) => target.set(read()));
  };
  gauge('weir_ingress_calls_in_flight', 'Calls that have not ended, drains included.', gauges.callsInFlight);
  gauge('weir_ingress_events_waiting', 'Events the log refused and that wait in memory.', gauges.eventsWaiting);
  gauge('weir_ingress_capture_bytes', 'Body bytes held for calls in flight.', gauges.captureBytes);
}
