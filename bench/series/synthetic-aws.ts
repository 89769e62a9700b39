/** Metrics of cloud machines, after the documented phenomena of NAB's realAWSCloudwatch. */
import type { LabelledSeries } from './labelled-series.ts';
import { Sketch } from './sketch.ts';

const FAMILY = 'aws';
const ROWS = 4_032;
const STEP = 300;

type Make = (sketch: Sketch) => Sketch;

/** Quantised, almost still, two bursts. */
const quietCpu: Make = (s) =>
  s
    .each(() => 0.132 + s.random.pick([0, 0, 0, 0.002, 0.002, -0.066, 0.066]) * (s.random.next() < 0.3 ? 1 : 0))
    .now(4, (row) => s.span(row, s.random.int(1, 4), () => s.between(0.25, 0.6)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 6), () => s.between(1.2, 2.4)),
      (row) => s.span(row, s.random.int(1, 6), () => s.between(0.9, 2.4)),
    ])
    .round(3);

/** Noise around a level; a spike, then a lasting shift. */
const levelCpu: Make = (s) =>
  s
    .each(() => 43)
    .noise(2.5)
    .wander(1.2, 0.97)
    .now(6, (row) => s.span(row, 1, (v) => v + s.between(4, 12)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 10), (v) => v * s.between(1.35, 1.7)),
      (row) => s.span(row, s.random.int(150, 2_000), (v) => v * s.random.pick([0.82, 0.85, 1.15, 1.2])),
    ])
    .round(3);

const driftCpu: Make = (s) =>
  s
    .each(() => 1.82)
    .noise(0.06)
    .now(10, (row) => s.span(row, s.random.int(1, 3), (v) => v + s.between(0.1, 0.4)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 4), (v) => v + s.between(0.5, 0.9)),
      (row) => s.span(row, s.random.int(60, 600), (v) => v + s.between(0.12, 0.3)),
    ])
    .round(3);

const idleThenHot: Make = (s) =>
  s
    .each(() => s.random.pick([0.062, 0.066, 0.068, 0.1, 0.134]))
    .now(6, (row) => s.span(row, s.random.int(1, 20), () => s.between(1, 25)))
    .anomalies([(row) => s.span(row, s.random.int(100, 400), () => 99 - 2 * Math.abs(s.normal()))])
    .round(3);

const busyThenDrop: Make = (s) =>
  s
    .each(() => 94)
    .noise(1.6)
    .now(8, (row) => s.span(row, s.random.int(1, 3), (v) => v - s.between(5, 18)))
    .anomalies([(row) => s.span(row, s.random.int(40, 300), () => 25 + 8 * s.normal())])
    .each((v) => Math.min(100, v))
    .round(3);

const steps: Make = (s) =>
  s
    .each(() => 33)
    .noise(0.5)
    .now(4, (row) => s.span(row, 4_032, (v) => v + s.between(-3, 3) * 0.3))
    .anomalies([(row) => s.span(row, 4_032, () => 99.5 + 0.2 * s.normal())])
    .round(3);

/** Spikes are ordinary here; a higher one, or a plateau, is not. */
const spikyCpu: Make = (s) =>
  s
    .each(() => 2.3)
    .noise(0.12)
    .now(70, (row) => s.span(row, s.random.int(1, 2), () => s.between(8, 28)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 3), () => s.between(60, 99)),
      (row) => s.span(row, s.random.int(10, 40), () => s.between(15, 40)),
    ])
    .floor(0)
    .round(3);

const disk: Make = (s) =>
  s
    .each(() => (s.random.next() < 0.75 ? 0 : 4e4 * Math.exp(1.4 * s.normal())))
    .now(25, (row) => s.span(row, 1, () => 1e6 * s.pareto(1.6)))
    .anomalies([
      (row) => s.span(row, s.random.int(6, 60), () => 4e6 * Math.exp(0.5 * s.normal())),
      (row) => s.span(row, s.random.int(2, 10), () => 3e7 * Math.exp(0.3 * s.normal())),
    ])
    .round(0);

const network: Make = (s) =>
  s
    .each((_, row) => 1.2e5 * (row % 12 === 5 ? 3 : 1))
    .swell(0.25, 0.3)
    .now(12, (row) => s.span(row, s.random.int(1, 4), (v) => v * s.pareto(1.5)))
    .anomalies([(row) => s.span(row, s.random.int(3, 40), (v) => v * s.between(8, 25))])
    .round(0);

const requests: Make = (s) =>
  s
    .each((_, row) => 65 * (1 + 0.7 * Math.sin(2 * Math.PI * (s.hour(row) - 0.3))))
    .swell(0.35, 0.2)
    .now(8, (row) => s.span(row, s.random.int(1, 2), (v) => v + s.between(80, 200)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 4), (v) => v + s.between(350, 600)),
      (row) => s.span(row, s.random.int(24, 80), (v) => v * s.between(1.8, 2.6)),
    ])
    .floor(1)
    .round(0);

const autoscaling: Make = (s) =>
  s
    .each((_, row) => 36 + 6 * Math.sin(2 * Math.PI * (s.hour(row) - 0.4)))
    .wander(2, 0.95)
    .noise(1)
    .anomalies([
      (row) => s.span(row, s.random.int(4, 30), () => s.between(0, 12)),
      (row) => s.span(row, s.random.int(10, 60), (v) => v * s.between(0.4, 0.6)),
      (row) => s.span(row, 4_032, () => 0),
    ])
    .floor(0)
    .round(2);

const database: Make = (s) =>
  s
    .each((_, row) => 6 + (row % 12 === 0 ? 2.5 : 0))
    .noise(0.35)
    .now(10, (row) => s.span(row, s.random.int(1, 2), (v) => v + s.between(2, 5)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 8), (v) => v + s.between(12, 22)),
      (row) => s.span(row, s.random.int(80, 700), (v) => v + s.between(2.5, 6)),
    ])
    .round(3);

const busyDatabase: Make = (s) =>
  s
    .each(() => 14)
    .noise(1.3)
    .wander(0.8, 0.98)
    .now(25, (row) => s.span(row, 1, (v) => v + s.between(3, 9)))
    .anomalies([
      (row) => s.span(row, s.random.int(2, 20), (v) => v + s.between(30, 60)),
      (row) => s.span(row, s.random.int(5, 40), (v) => v + s.between(8, 16)),
    ])
    .round(3);

const KINDS: Readonly<Record<string, Make>> = {
  quietCpu,
  levelCpu,
  levelCpu2: levelCpu,
  driftCpu,
  idleThenHot,
  idleThenHot2: idleThenHot,
  busyThenDrop,
  steps,
  spikyCpu,
  spikyCpu2: spikyCpu,
  disk,
  disk2: disk,
  network,
  network2: network,
  requests,
  autoscaling,
  database,
  busyDatabase,
};

export const syntheticAws = (seed: string): LabelledSeries[] =>
  Object.entries(KINDS).map(([name, make]) => make(new Sketch(FAMILY, name, seed, ROWS, STEP)).done());
