/**
 * Anomaly scores for one plain time series, row by row, from its past alone. Five simple deviations (from the level,
 * from the last rows, of a few and of two dozen rows from those before them, from the time of day), each upwards and
 * downwards, are ranked against their own records; the most surprising decides. After an alarm the series rests.
 */
import { DayProfile } from './day-profile.ts';
import { ORDINARY_NATS, TailRecords } from './tail-records.ts';

/** Rows of the short and the long mean that are compared with the rows before them. */
const SHORT = 4;
const LONG = 24;
/** Weight of the newest row in the running mean of the last ones. */
const FAST = 0.6;
/** Rows of the level. */
const MEMORY = 2_000;
/** Differences below this share of the level do not matter. */
const RESOLUTION = 0.005;
/** From here a row is an alarm, of score 0.5: fewer than 0.6 such deviations were to be expected so far. */
const ALARM_NATS = 0.5;
/** After an alarm it is quiet for a share of the rows seen, a day at most, but for what is far more surprising. */
const REST_SHARE = 1 / 16;
const REST_ROWS_MIN = 8;
const REST_MS_MAX = 86_400_000;
const STEP_MS_ASSUMED = 300_000;
const WORSE_NATS = 6;

interface Deviation {
  readonly up: TailRecords;
  readonly down: TailRecords;
}

const deviation = (block: number): Deviation => ({ up: new TailRecords(block), down: new TailRecords(block) });

export class SeriesDetector {
  readonly #profile = new DayProfile();
  readonly #fromLevel = deviation(SHORT);
  readonly #fromLast = deviation(SHORT);
  readonly #short = deviation(2 * SHORT);
  readonly #long = deviation(2 * LONG);
  readonly #fromDay = deviation(SHORT);
  readonly #values = new Float64Array(2 * LONG);
  readonly #residuals = new Float64Array(SHORT);
  /** Rows and nats of what was told within the rest. */
  readonly #told: { row: number; nats: number }[] = [];
  #rows = 0;
  #level = 0;
  #spread = 0;
  #size = 0;
  #last = 0;

  /**
   * The score of the next row, 0 to 1; 0.5 and more is an alarm.
   * @param time milliseconds since the epoch.
   */
  score(time: number, value: number): number {
    if (this.#rows === 0) {
      this.#level = value;
      this.#last = value;
      this.#size = Math.abs(value);
    }
    this.#rows += 1;
    this.#size += (Math.abs(value) - this.#size) / Math.min(this.#rows, MEMORY);
    // The smallest positive size keeps a series of zeros from dividing by nothing.
    const least = RESOLUTION * this.#size + 1e-9;
    const nats = this.#surprise(time, value, least);
    this.#learn(time, value, least);
    return scoreOf(this.#rested(nats));
  }

  #surprise(time: number, value: number, least: number): number {
    this.#values[this.#rows % this.#values.length] = value;
    const usual = this.#profile.expected(time);
    this.#residuals[this.#rows % SHORT] = value - (usual ?? this.#level);
    let nats = Math.max(
      judge(this.#fromLevel, value - this.#level, least),
      judge(this.#fromLast, value - this.#last, least),
    );
    if (this.#rows > 2 * SHORT) nats = Math.max(nats, judge(this.#short, this.#step(SHORT), least));
    if (this.#rows > 2 * LONG) nats = Math.max(nats, judge(this.#long, this.#step(LONG), least));
    if (usual !== undefined) {
      const residual = this.#residuals.reduce((sum, each) => sum + each, 0) / SHORT;
      nats = Math.max(nats, judge(this.#fromDay, residual, least));
    }
    return nats;
  }

  /** Mean of the last rows less that of as many before. */
  #step(rows: number): number {
    let difference = 0;
    for (let back = 0; back < rows; back += 1) {
      difference += this.#back(back) - this.#back(back + rows);
    }
    return difference / rows;
  }

  #back(rows: number): number {
    const length = this.#values.length;
    return this.#values[(this.#rows - rows + length) % length] ?? 0;
  }

  #learn(time: number, value: number, least: number): void {
    const weight = 1 / Math.min(this.#rows, MEMORY);
    const away = value - this.#level;
    this.#profile.learn(time, value, this.#level, 4 * this.#spread + least);
    this.#spread += (Math.min(Math.abs(away), 5 * this.#spread + least) - this.#spread) * weight;
    const most = 3 * this.#spread + least;
    this.#level += Math.max(-most, Math.min(most, away)) * weight;
    this.#last += FAST * (value - this.#last);
  }

  /** What is left to tell: an incident that goes on is told once. */
  #rested(nats: number): number {
    const longest = REST_MS_MAX / (this.#profile.stepMs || STEP_MS_ASSUMED);
    const rest = Math.max(REST_ROWS_MIN, Math.min(REST_SHARE * this.#rows, longest));
    while (this.#rows - (this.#told[0]?.row ?? this.#rows) > rest) this.#told.shift();
    const known = this.#told.some((told) => nats <= told.nats + (told.nats >= ALARM_NATS ? WORSE_NATS : 0));
    if (known || nats <= ORDINARY_NATS) return ORDINARY_NATS;
    this.#told.push({ row: this.#rows, nats });
    return nats;
  }
}

function judge(records: Deviation, size: number, least: number): number {
  const nats = size >= 0 ? records.up.surprise(size) : records.down.surprise(-size);
  records.up.learn(Math.max(0, size), least);
  records.down.learn(Math.max(0, -size), least);
  return nats;
}

const scoreOf = (nats: number): number => 1 - 2 ** (-(nats - ORDINARY_NATS) / (ALARM_NATS - ORDINARY_NATS));
