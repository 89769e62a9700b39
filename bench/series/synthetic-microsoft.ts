/** Seeded stand-ins for the families of Microsoft's cloud-monitoring series. */
import type { LabelledSeries } from './labelled-series.ts';
import { FEW_FAINT, Sketch } from './sketch.ts';

type Make = (sketch: Sketch) => Sketch;

/** Crashes an hour: small counts of unequal spread; a bad build multiplies them for hours. */
const crashes: Make = (s) => {
  const base = s.random.pick([3, 8, 8, 20, 60]);
  return s
    .each((_, row) => base * (1 + 0.4 * Math.sin(2 * Math.PI * (s.hour(row) - 0.4))))
    .swell(0.5, 0.3)
    .each((v) => Math.max(0, v + Math.sqrt(v) * s.normal()))
    .now(4, (row) => s.span(row, s.random.int(1, 2), (v) => v + base * s.between(1.5, 3.5)))
    .anomalies(
      Array.from({ length: s.random.int(0, 5) }, () => (row: number) => {
        const high = base * s.between(4, 12) * s.pareto(3);
        s.span(row, s.random.int(1, 9), (v) => v + high * s.between(0.3, 1));
      }),
      FEW_FAINT,
    )
    .round(0);
};

/** Milliseconds of a dependency: smooth days, slow drift, an outage to zero or a peak of some hours. */
const latency: Make = (s) =>
  s
    .each((_, row) => 60 * (1 + 0.12 * Math.sin(2 * Math.PI * (s.hour(row) - 0.5))))
    .swell(0.12, 0.985)
    .swell(0.015, 0)
    .now(6, (row) => s.span(row, s.random.int(1, 3), (v) => v * s.between(1.1, 1.35)))
    .anomalies(
      Array.from({ length: s.random.int(1, 4) }, () => (row: number) => {
        const kind = s.random.next();
        if (kind < 0.25) s.span(row, 1, () => 0);
        else if (kind < 0.75) s.span(row, s.random.int(1, 5), (v) => v * s.between(1.6, 8));
        else s.span(row, s.random.int(12, 60), (v) => v * s.between(1.25, 1.6));
      }),
      FEW_FAINT,
    );

const purchases: Make = (s) =>
  s
    .each((_, row) => 900 * (1.1 + Math.sin(2 * Math.PI * (s.hour(row) - 0.35))))
    .swell(0.08, 0.6)
    .swell(0.08, 0.995)
    .anomalies(
      Array.from({ length: s.random.int(2, 5) }, () => (row: number) => {
        s.span(row, s.random.int(2, 12), (v) => v * s.between(0.1, 0.6));
      }),
      FEW_FAINT,
    );

/** Bytes a minute: smooth, with a beat of fifteen minutes; short dips and surges. */
const ingress: Make = (s) =>
  s
    .each(
      (_, row) =>
        2e6 * (1 + 0.3 * Math.sin(2 * Math.PI * (s.hour(row) - 0.4)) + 0.02 * Math.sin((row * Math.PI) / 7.5)),
    )
    .swell(0.01, 0.3)
    .swell(0.05, 0.998)
    .anomalies(
      Array.from({ length: s.random.int(1, 4) }, () => (row: number) => {
        const by = s.random.pick([0.5, 0.7, 0.82, 0.88, 1.15, 1.3]);
        s.span(row, s.random.int(4, 40), (v) => v * by);
      }),
      FEW_FAINT,
    );

/** 60 series: 19 short hourly counts, 20 hourly latencies, 6 purchase rates, 5 minute rates and 10 request rates. */
export function syntheticMicrosoft(seed: string): LabelledSeries[] {
  const series = (family: string, index: number, rows: number, step: number, make: Make): LabelledSeries =>
    make(new Sketch(family, `${family}-${index}`, seed, rows, step)).done();
  const times = (count: number, make: (index: number) => LabelledSeries): LabelledSeries[] =>
    Array.from({ length: count }, (_, index) => make(index));
  return [
    ...times(19, (index) => series('crashes', index, 370 + 60 * index, 3_600, crashes)),
    ...times(20, (index) => series('latency', index, 700 + 40 * index, 3_600, latency)),
    ...times(6, (index) => series('purchases', index, 5_000, 300, purchases)),
    ...times(5, (index) => series('ingress', index, 14_000, 60, ingress)),
    ...times(10, (index) => series('requests', index, 5_000, 60, purchases)),
  ];
}
