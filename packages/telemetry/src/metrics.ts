import { AggregatorRegistry, Gauge, type Metric, Registry } from 'prom-client';
import { CounterSeries, HistogramSeries, type Labels, SeriesSet } from './series.ts';

export interface CounterMetric {
  inc(labels?: Labels, value?: number): void;
  /** The series of these labels, for a hot path: it is looked up once and counts without labels. */
  series(labels: Labels): { inc(value?: number): void };
}
export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
}
export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
  /** As a counter's. */
  series(labels: Labels): { observe(value: number): void };
}

/** Prometheus metrics of one process. A name is declared once, with its help text and label names. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): CounterMetric;
  /** `collect` runs at scrape time, for values that are cheaper to read than to track. */
  gauge(
    name: string,
    help: string,
    labelNames?: readonly string[],
    collect?: (gauge: GaugeMetric) => void,
  ): GaugeMetric;
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): HistogramMetric;
  /** Prometheus text exposition format. */
  text(): Promise<string>;
  /** All metrics as plain objects, for another process to merge with `mergeMetrics`. */
  snapshot(): Promise<object>;
}

/** A line of the exposition. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    counter(name, help, labelNames = []) {
      const set = new SeriesSet(labelNames, (labels) => new CounterSeries(labels));
      register(registry, { name, help, type: 'counter' }, () => set.all().map((series) => counterSample(name, series)));
      return { inc: (labels = {}, value = 1) => set.of(labels).inc(value), series: (labels) => set.of(labels) };
    },
    gauge(name, help, labelNames = [], collect) {
      const facade: GaugeMetric = { set: (value, labels = {}) => gauge.set({ ...labels }, value) };
      const gauge: Gauge = new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        ...(collect === undefined ? {} : { collect: () => collect(facade) }),
      });
      return facade;
    },
    histogram(name, help, buckets, labelNames = []) {
      const set = new SeriesSet(labelNames, (labels) => new HistogramSeries(labels, buckets));
      register(registry, { name, help, type: 'histogram' }, () =>
        set.all().flatMap((series) => histogramSamples(name, buckets, series)),
      );
      return { observe: (value, labels = {}) => set.of(labels).observe(value), series: (labels) => set.of(labels) };
    },
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

/** One exposition text from the snapshots of several processes: counters and histograms add up. */
export async function mergeMetrics(snapshots: readonly object[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots] as never).metrics();
}

/** What prom-client needs of a metric is its name and `get`; how it counts is its own affair. */
function register(
  registry: Registry,
  description: { readonly name: string; readonly help: string; readonly type: 'counter' | 'histogram' },
  values: () => readonly Sample[],
): void {
  const get = (): Promise<object> => Promise.resolve({ ...description, values: values(), aggregator: 'sum' });
  registry.registerMetric({ ...description, get } as unknown as Metric);
}

function counterSample(name: string, { labels, value }: CounterSeries): Sample {
  return { metricName: name, labels, value };
}

function histogramSamples(name: string, buckets: readonly number[], series: HistogramSeries): Sample[] {
  const { labels, counts, sum } = series;
  let count = 0;
  const samples = [...buckets, '+Inf'].map((le, index): Sample => {
    count += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
  });
  samples.push({ metricName: `${name}_sum`, labels, value: sum });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
