/** Where a period's use is going, by the days before: an estimate in plain numbers, never a sum that is billed. */

export interface ForecastInput {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly end: number;
  readonly used: number;
  readonly limit: number;
  /** Totals of the last whole days (UTC), the newest last. */
  readonly days: readonly number[];
}

export interface Forecast {
  /** Use at the end of the period: the median, and the bounds between which it lies four times in five. */
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** When the limit is passed; null: not in this period. The bounds as above. */
  readonly passesAt: number | null;
  readonly earliest: number | null;
  readonly latest: number | null;
}

const DAY_MS = 86_400_000;
export const FORECAST_DAYS_MIN = 3;
/** A week ago counts half as much as yesterday. */
const HALF_LIFE_DAYS = 7;
/** Days that the mean of all days is worth beside those of one weekday. */
const WEEKDAY_PRIOR = 2;
/** Nine in ten lie below, of a normal distribution. */
const Z = 1.2816;
/** Of one day with the next. */
const CORRELATION_MAX = 0.6;
/** No day is known better than this share of it. */
const SPREAD_MIN = 0.05;

/** Undefined while fewer than three whole days are known. */
export function forecast(input: ForecastInput): Forecast | undefined {
  const { now, end, used, limit, days } = input;
  if (days.length < FORECAST_DAYS_MIN || now >= end) return undefined;
  const today = Math.floor(now / DAY_MS);
  const model = dayModel(days, today - days.length);
  let [mean, variance, past] = [0, 0, 0];
  const passed: Record<'passesAt' | 'earliest' | 'latest', number | null> = {
    passesAt: null,
    earliest: null,
    latest: null,
  };
  let spread = 0;
  for (let from = now; from < end; ) {
    const to = Math.min(end, (Math.floor(from / DAY_MS) + 1) * DAY_MS);
    const share = (to - from) / DAY_MS;
    const before = { mean, spread };
    mean += share * model.mean(Math.floor(from / DAY_MS));
    variance += share * model.variance;
    past += share;
    spread = Z * Math.sqrt(variance + (past * past * model.variance) / model.weight);
    const crosses = (key: keyof typeof passed, sign: number): void => {
      const [low, high] = [used + before.mean + sign * before.spread, used + mean + sign * spread];
      if (passed[key] === null && high >= limit) {
        passed[key] = from + (to - from) * Math.max(0, Math.min(1, (limit - low) / (high - low)));
      }
    };
    crosses('passesAt', 0);
    crosses('earliest', 1);
    crosses('latest', -1);
    from = to;
  }
  const median = used + mean;
  return { low: Math.max(used, median - spread), median, high: median + spread, ...passed };
}

interface DayModel {
  readonly mean: (day: number) => number;
  readonly variance: number;
  /** How many days of equal weight the mean rests on. */
  readonly weight: number;
}

function dayModel(days: readonly number[], first: number): DayModel {
  const sums = Array.from({ length: 7 }, () => ({ weight: 0, total: 0 }));
  const all = { weight: 0, total: 0, squares: 0 };
  const weightOf = (at: number): number => 0.5 ** ((days.length - 1 - at) / HALF_LIFE_DAYS);
  days.forEach((total, at) => {
    const weight = weightOf(at);
    const weekday = sums[(first + at) % 7];
    for (const sum of weekday === undefined ? [all] : [all, weekday]) {
      sum.weight += weight;
      sum.total += weight * total;
    }
    all.squares += weight * weight;
  });
  const overall = all.total / all.weight;
  const mean = (day: number): number => {
    const { weight = 0, total = 0 } = sums[day % 7] ?? {};
    return (total + WEEKDAY_PRIOR * overall) / (weight + WEEKDAY_PRIOR);
  };
  const weight = (all.weight * all.weight) / all.squares;
  const residuals = days.map((total, at) => total - mean(first + at));
  let variance = 0;
  residuals.forEach((residual, at) => {
    variance += (weightOf(at) * residual ** 2) / all.weight;
  });
  variance *= (weight / Math.max(1, weight - 1)) * persistence(residuals);
  return { mean, weight, variance: Math.max(variance, (SPREAD_MIN * overall) ** 2) };
}

/** By how much the variance of a sum of days is above that of days that know nothing of each other. */
function persistence(residuals: readonly number[]): number {
  let [products, squares] = [0, 0];
  residuals.forEach((residual, at) => {
    products += residual * (residuals[at + 1] ?? 0);
    squares += residual * residual;
  });
  const correlation = squares === 0 ? 0 : Math.max(0, Math.min(CORRELATION_MAX, products / squares));
  return (1 + correlation) / (1 - correlation);
}
