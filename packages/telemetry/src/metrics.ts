import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface CounterMetric {
  inc(labels?: Readonly<Record<string, string>>, value?: number): void;
}
export interface GaugeMetric {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}
export interface HistogramMetric {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
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

export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    counter(name, help, labelNames = []) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
      return { inc: (labels = {}, value = 1) => counter.inc({ ...labels }, value) };
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
      const options = { name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [registry] };
      const histogram = new Histogram(options);
      return { observe: (value, labels = {}) => histogram.observe({ ...labels }, value) };
    },
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

/** One exposition text from the snapshots of several processes: counters and histograms add up. */
export async function mergeMetrics(snapshots: readonly object[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots] as never).metrics();
}
