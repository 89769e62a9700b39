/** Seeded stand-ins for the families of NAB: their sizes, their kinds of noise and their documented anomalies. */
import type { LabelledSeries } from './labelled-series.ts';
import { NONE_FAINT, Sketch } from './sketch.ts';
import { syntheticAws } from './synthetic-aws.ts';

type Make = (sketch: Sketch) => Sketch;

const times = (count: number, make: (index: number) => LabelledSeries): LabelledSeries[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Price of a click or of a thousand views by the hour: a daily shape, noise of size, short peaks. */
const adExchange: Make = (s) =>
  s
    .each((_, row) => 0.09 * (1 + 0.55 * Math.sin(2 * Math.PI * (s.hour(row) - 0.2))))
    .swell(0.12, 0.4)
    .swell(0.2, 0.985)
    .now(8, (row) => s.span(row, s.random.int(1, 2), (v) => v * s.between(1.3, 2)))
    .anomalies(
      Array.from({ length: s.random.int(1, 4) }, () => (row: number) => {
        s.span(row, s.random.int(1, 5), (v) => v * s.between(2.2, 7));
      }),
    );

/** Mentions a five minutes: bursty counts with a day in them; the news is a burst ten times as high. */
const tweets: Make = (s) => {
  const base = s.random.pick([1.5, 5, 12, 25, 60]);
  return s
    .each((_, row) => base * (1 + 0.6 * Math.sin(2 * Math.PI * (s.hour(row) - 0.35))))
    .swell(0.35, 0.9)
    .each((v) => Math.max(0, v + Math.sqrt(v) * s.normal()))
    .now(60, (row) => {
      const high = base * (0.6 + 0.6 * s.pareto(1.5));
      s.span(row, 8, (v, past) => v + Math.min(high, 25 * base) * Math.exp(-past / 2));
    })
    .anomalies(
      Array.from({ length: s.random.int(2, 4) }, () => (row: number) => {
        const high = base * s.between(10, 60);
        const long = s.between(3, 30);
        s.span(row, 120, (v, past) => v + high * Math.exp(-past / long) * s.between(0.6, 1.2));
      }),
    )
    .round(0);
};

const ambient: Make = (s) =>
  s
    .each((_, row) => 71 + 1.5 * Math.sin(2 * Math.PI * (s.hour(row) - 0.3)))
    .wander(2.5, 0.985)
    .noise(0.7)
    .anomalies([
      (row) => s.span(row, s.random.int(8, 40), (v) => v - s.between(6, 9)),
      (row) => s.span(row, s.random.int(8, 60), (v) => v - s.between(7, 11)),
    ]);

/** A machine's temperature: wanders, and twice falls to the floor; once it declines before. */
const machine: Make = (s) =>
  s
    .each(() => 90)
    .wander(5, 0.9985)
    .noise(0.9)
    .anomalies([
      (row) => s.span(row, s.random.int(60, 280), (v, past) => Math.max(20, v - past * 1.5)),
      (row) => s.span(row - 300, 600, (v, past) => v - (past / 600) * 16),
      (row) => s.span(row, s.random.int(60, 280), (v, past) => Math.max(5, v - past * 2.5)),
    ]);

const scaling: Make = (s) =>
  s
    .each((_, row) => 40 + 12 * Math.sin((2 * Math.PI * row) / 60))
    .noise(5)
    .now(12, (row) => s.span(row, s.random.int(1, 6), (v) => v + s.between(10, 35)))
    .anomalies([(row) => s.span(row, 1_500, (v) => 0.4 * v + 55)])
    .each((v) => Math.min(100, Math.max(0, v)));

const latency: Make = (s) =>
  s
    .each(() => 45)
    .noise(1.6)
    .now(10, (row) => s.span(row, 1, (v) => v + s.between(4, 14)))
    .anomalies([
      (row) => s.span(row, s.random.int(1, 3), (v) => v - s.between(12, 24)),
      (row) => s.span(row, s.random.int(1, 8), (v) => v + s.between(15, 30)),
      (row) => s.span(row, s.random.int(20, 200), (v) => v + s.between(6, 35)),
    ]);

/** Rides of a city by the half hour: the week is in them; holidays, a race and a storm break it. */
const taxi: Make = (s) =>
  s
    .each((_, row) => {
      const hour = 24 * s.hour(row);
      const weekend = s.weekday(row) > 4;
      const night = Math.exp(-(((hour + 24 - (weekend ? 4.8 : 4)) % 24) ** 2) / 8) + Math.exp(-((hour - 5) ** 2) / 6);
      return (
        17_000 - 11_500 * Math.min(1, night) + 6_000 * Math.exp(-((hour - 19.5) ** 2) / 12) + (weekend ? 1_000 : 0)
      );
    })
    .swell(0.05, 0.97)
    .noise(450)
    .anomalies([
      (row) => s.span(row, 6, (v) => v * 1.75),
      (row) => s.span(row, 44, (v) => v * 0.66),
      (row) => s.span(row, 48, (v) => v * 0.52),
      (row) => s.span(row, 10, (v) => v * 1.6),
      (row) => s.span(row, 44, (v) => v * 0.18),
    ])
    .round(0);

const keys: Make = (s) =>
  s
    .each(() => 0.07)
    .swell(0.25, 0.6)
    .now(30, (row) => s.span(row, 2, (v) => v * s.pareto(2.5)))
    .anomalies([
      (row) => s.span(row, 60, (v) => v * s.between(1.4, 2.2)),
      (row) => s.span(row, 40, (v) => v * s.between(0.3, 0.6)),
    ]);

/** Seconds to travel, speed, occupancy: rush hours of unequal height, gaps, jams. */
const travel: Make = (s) =>
  s
    .each((_, row) => 180 * (1 + 0.5 * Math.max(0, Math.sin(2 * Math.PI * (s.hour(row) - 0.4)))))
    .swell(0.35, 0.93)
    .now(10, (row) => s.span(row, s.random.int(1, 12), (v) => v * s.between(1.5, 3)))
    .anomalies(
      Array.from({ length: s.random.int(1, 3) }, () => (row: number) => {
        s.span(row, s.random.int(1, 8), (v) => v * s.between(5, 14));
      }),
    )
    .round(0);

const speed: Make = (s) =>
  s
    .each((_, row) => 68 - 14 * Math.exp(-((24 * s.hour(row) - 16.5) ** 2) / 4) * s.random.next())
    .noise(3)
    .now(6, (row) => s.span(row, s.random.int(1, 4), (v) => v - s.between(8, 20)))
    .anomalies([
      (row) => s.span(row, s.random.int(4, 14), (v) => v - s.between(25, 45)),
      (row) => s.span(row, s.random.int(3, 10), (v) => v - s.between(25, 45)),
    ])
    .floor(4)
    .round(0);

const occupancy: Make = (s) =>
  s
    .each((_, row) => 5 + 8 * Math.max(0, Math.sin(2 * Math.PI * (s.hour(row) - 0.3))))
    .swell(0.25, 0.7)
    .anomalies([
      (row) => s.span(row, s.random.int(2, 10), (v) => v + s.between(12, 30)),
      (row) => s.span(row, s.random.int(2, 10), (v) => v + s.between(12, 30)),
    ])
    .round(2);

/** Twenty by night and eighty by day. */
const square = (s: Sketch, noise: number, from = 9, to = 18): Sketch =>
  s.each((_, row) => {
    const hour = 24 * s.hour(row);
    return (hour >= from && hour < to ? 80 : 20) + noise * s.random.next();
  });

const plain: Make[] = [
  (s) => square(s, 0),
  (s) => square(s, 0, 6, 18),
  (s) => square(s, 3),
  (s) => s.each(() => 45),
  (s) => s.each(() => 18 + 4 * s.random.next()),
];

/** The strange day starts with the row before the events of that day. */
const dayOf = (s: Sketch, row: number): number => Math.floor(row / s.day) * s.day;

const broken: Make[] = [
  (s) =>
    square(s, 8).anomalies([(row) => s.span(dayOf(s, row) + 108, 108, () => 20 + 8 * s.random.next())], NONE_FAINT),
  (s) => square(s, 8).anomalies([(row) => s.span(dayOf(s, row) + 108, 108, (v) => v - 45)], NONE_FAINT),
  (s) => square(s, 8).anomalies([(row) => s.span(dayOf(s, row) + 108, 108, (v) => v + 70)], NONE_FAINT),
  (s) => square(s, 8).anomalies([(row) => s.span(dayOf(s, row), 288, () => 54 + 8 * s.random.next())], NONE_FAINT),
  (s) =>
    s
      .each((_, row) => (row % 36 === 0 ? 20 : 0))
      .anomalies([(row) => s.span(row, 200, (_, past) => (past % 6 === 0 ? 20 : 0))], NONE_FAINT),
  (s) =>
    s
      .each((_, row) => (row % 24 === 0 ? 1 + s.random.next() : 0.1 * s.random.next()))
      .anomalies([(row) => s.span(row, 60, (v) => v + 2 * s.random.next())], NONE_FAINT),
];

/** 58 series, as many of each family as NAB has. */
export function syntheticNab(seed: string): LabelledSeries[] {
  const series = (family: string, name: string, rows: number, step: number, make: Make): LabelledSeries =>
    make(new Sketch(family, name, seed, rows, step)).done();
  return [
    ...syntheticAws(seed).slice(0, 17),
    ...times(6, (index) => series('ad exchange', `price-${index}`, 1_620, 3_600, adExchange)),
    ...times(10, (index) => series('tweets', `mentions-${index}`, 15_850, 300, tweets)),
    series('known cause', 'ambient', 7_267, 3_600, ambient),
    series('known cause', 'machine', 22_695, 300, machine),
    series('known cause', 'scaling', 18_050, 300, scaling),
    series('known cause', 'latency', 4_032, 300, latency),
    series('known cause', 'taxi', 10_320, 1_800, taxi),
    series('known cause', 'keys-hold', 1_882, 300, keys),
    series('known cause', 'keys-updown', 5_315, 300, keys),
    ...times(2, (index) => series('traffic', `travel-${index}`, 2_300, 600, travel)),
    ...times(3, (index) => series('traffic', `speed-${index}`, 1_500 + 800 * index, 600, speed)),
    ...times(2, (index) => series('traffic', `occupancy-${index}`, 2_400, 600, occupancy)),
    ...times(5, (index) => series('artificial, plain', `plain-${index}`, 4_032, 300, plain[index] as Make)),
    ...times(6, (index) => series('artificial, broken', `broken-${index}`, 4_032, 300, broken[index] as Make)),
  ];
}
