/**
 * How surprising a deviation is by the largest ones that the very same series has shown: no assumption about its
 * distribution but that the tail goes on as it began. The measure is the expected number of such deviations in as many
 * rows as have been seen, so one threshold suits short and long, calm and heavy-tailed series alike.
 */

/** Largest block maxima kept: enough for a slope, few enough to be the tail. */
const KEPT = 12;
/** No opinion before this many blocks. */
const BLOCKS_MIN = 8;
/** The slope believed before there is evidence, and how many records that belief weighs: between a normal and a Pareto tail. */
const SLOPE_BELIEVED = 5;
const BELIEF = 6;
/** An anomaly is learnt as no more than this surprising (nats), or it would hide the next one. */
const LEARNT_NATS = 0.5;
/** Unless it came this often before: then it is a habit. */
const HABIT = 3;
/** What is this close to a record is as good as seen. */
const SAME = 1.1;
/** Rows of the average deviation. */
const MEMORY = 2_000;
/** Records last one to two generations. */
const GENERATION_ROWS = 30_000;

/** The least and the most that is ever said. */
export const ORDINARY_NATS = -3;
const MOST_NATS = 12;

export class TailRecords {
  readonly #block: number;
  /** Block maxima as learnt, largest first: of this generation and the one before, and of this one alone. */
  #records: number[] = [];
  #young: number[] = [];
  /** The largest block maxima as they were. */
  readonly #raw: number[] = [];
  #rows = 0;
  #blocks = 0;
  #largest = 0;
  #mean = 0;
  /** Added to every deviation: below it, sizes do not differ. */
  #grain = 0;
  #base = 0;
  #slope = 0;

  /** @param block rows whose largest deviation is one record: longer than a deviation lasts. */
  constructor(block: number) {
    this.#block = block;
  }

  /** Minus the logarithm of how many deviations of this size were to be expected so far. */
  surprise(size: number): number {
    if (this.#blocks < BLOCKS_MIN || size + this.#grain <= this.#base) return ORDINARY_NATS;
    const nats = this.#nats(size);
    const seen = this.#records.findIndex((record) => (record + this.#grain) * SAME < size + this.#grain);
    const asGood = seen < 0 ? this.#records.length : seen;
    return Math.min(nats, asGood > 0 ? -Math.log(asGood) : MOST_NATS);
  }

  /** @param least deviations below this do not matter in the units of the series. */
  learn(size: number, least: number): void {
    this.#rows += 1;
    this.#mean += (Math.min(size, 5 * this.#mean + least) - this.#mean) / Math.min(this.#rows, MEMORY);
    this.#largest = Math.max(this.#largest, size);
    if (this.#rows % this.#block !== 0) return;
    const size_ = this.#blocks < BLOCKS_MIN ? this.#largest : this.#believable(this.#largest);
    insert(this.#raw, this.#largest, HABIT);
    this.#largest = 0;
    this.#blocks += 1;
    insert(this.#records, size_, KEPT);
    insert(this.#young, size_, KEPT);
    if (this.#blocks % Math.ceil(GENERATION_ROWS / this.#block) === 0) {
      this.#records = this.#young;
      this.#young = [];
    }
    this.#fit(least);
  }

  #nats(size: number): number {
    return this.#slope * Math.log((size + this.#grain) / this.#base) - Math.log(this.#records.length);
  }

  #believable(size: number): number {
    const most = this.#base * Math.exp((LEARNT_NATS + Math.log(this.#records.length)) / this.#slope) - this.#grain;
    return Math.min(size, Math.max(most, this.#raw[HABIT - 1] ?? 0));
  }

  /** Hill's estimate of the tail, drawn towards the belief. */
  #fit(least: number): void {
    this.#grain = this.#mean / 2 + least;
    this.#base = (this.#records.at(-1) ?? 0) + this.#grain;
    let logs = 0;
    for (const record of this.#records) logs += Math.log((record + this.#grain) / this.#base);
    this.#slope = (this.#records.length - 1 + BELIEF) / (logs + BELIEF / SLOPE_BELIEVED);
  }
}

/** Keeps the `most` largest, largest first. */
function insert(sorted: number[], value: number, most: number): void {
  let at = sorted.length;
  while (at > 0 && (sorted[at - 1] ?? 0) < value) at -= 1;
  if (at >= most) return;
  sorted.splice(at, 0, value);
  if (sorted.length > most) sorted.pop();
}
