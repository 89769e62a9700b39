/** One time series of a counter. Counting is one addition: names and labels are looked at when metrics are read. */
export class CounterSeries {
  readonly labels: Labels;
  value = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  inc(value = 1): void {
    this.value += value;
  }
}

/** One time series of a histogram. Observing is a search in a short list and two additions. */
export class HistogramSeries {
  readonly labels: Labels;
  readonly counts: Float64Array;
  readonly #bounds: readonly number[];
  sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    // A value that is no number is beyond all bounds, so that it is seen.
    while (bucket < this.#bounds.length && !(value <= (this.#bounds[bucket] ?? 0))) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}

export type Labels = Readonly<Record<string, string>>;

/** The series of one metric by their labels. */
export class SeriesSet<Series> {
  readonly #labelNames: readonly string[];
  readonly #create: (labels: Labels) => Series;
  readonly #series = new Map<string, Series>();

  constructor(labelNames: readonly string[], create: (labels: Labels) => Series) {
    this.#labelNames = labelNames;
    this.#create = create;
    // Without labels there is one series, which is there before it counts.
    if (labelNames.length === 0) this.of({});
  }

  /** @throws TypeError for a label that was not declared. */
  of(labels: Labels): Series {
    const key = this.#labelNames.map((name) => labels[name] ?? '').join('\0');
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    for (const name in labels) if (!this.#labelNames.includes(name)) throw new TypeError(`no label is called ${name}`);
    const series = this.#create({ ...labels });
    this.#series.set(key, series);
    return series;
  }

  all(): readonly Series[] {
    return [...this.#series.values()];
  }
}
