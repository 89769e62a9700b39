/** The scoring rules of the Numenta Anomaly Benchmark, written from its paper (Lavin and Ahmad, arXiv 1510.03336). */
import { type LabelledSeries, probation } from './labelled-series.ts';

export interface Profile {
  readonly falsePositive: number;
  readonly falseNegative: number;
}

export const PROFILES = {
  standard: { falsePositive: 0.11, falseNegative: 1 },
  'low false positives': { falsePositive: 0.22, falseNegative: 1 },
  'low false negatives': { falsePositive: 0.11, falseNegative: 2 },
} as const satisfies Record<string, Profile>;

export interface Scored {
  readonly series: LabelledSeries;
  readonly scores: Float64Array;
}

/** Credit by place: 1 at the window's first row, 0 at its last, towards -1 behind it. */
const sigmoid = (place: number): number => (place > 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1);
const CREDIT_MAX = sigmoid(-1);

/** What one detection is worth: its window and credit, or the cost of a false one. */
interface Detection {
  readonly score: number;
  readonly window: number;
  readonly worth: number;
}

function detections(corpus: readonly Scored[], profile: Profile): { all: Detection[]; windows: number } {
  const all: Detection[] = [];
  let windows = 0;
  for (const { series, scores } of corpus) {
    const first = probation(series.values.length);
    let next = 0;
    for (let row = first; row < scores.length; row += 1) {
      while (next < series.windows.length && row > (series.windows[next]?.[1] ?? 0)) next += 1;
      const score = scores[row] ?? 0;
      if (score <= 0) continue;
      const within = series.windows[next];
      const before = series.windows[next - 1];
      if (within !== undefined && row >= within[0]) {
        const length = within[1] - within[0] + 1;
        all.push({ score, window: windows + next, worth: sigmoid(-(within[1] - row + 1) / length) / CREDIT_MAX });
      } else if (before === undefined) all.push({ score, window: -1, worth: -profile.falsePositive });
      else {
        const past = (row - before[1]) / Math.max(1, before[1] - before[0]);
        all.push({ score, window: -1, worth: sigmoid(past) * profile.falsePositive });
      }
    }
    windows += series.windows.length;
  }
  return { all: all.sort((a, b) => b.score - a.score), windows };
}

export interface Outcome {
  /** 100 for all windows found at their first row and nothing else, 0 for no detection at all. */
  readonly score: number;
  readonly threshold: number;
  readonly found: number;
  readonly windows: number;
  readonly falsePositives: number;
}

/** The score at the given threshold, or at the best one over the corpus (the benchmark's own protocol). */
export function nabScore(corpus: readonly Scored[], profile: Profile, at?: number): Outcome {
  const { all, windows } = detections(corpus, profile);
  const credits = new Map<number, number>();
  let raw = -windows * profile.falseNegative;
  let falsePositives = 0;
  let best = { raw, threshold: Number.POSITIVE_INFINITY, found: 0, falsePositives };
  for (let index = 0; index < all.length; index += 1) {
    const { score, window, worth } = all[index] as Detection;
    if (at !== undefined && score < at) break;
    if (window < 0) {
      raw += worth;
      falsePositives += 1;
    } else {
      // The earliest detection of a window counts, which is the one of highest worth.
      const before = credits.get(window);
      if (before === undefined) raw += profile.falseNegative + worth;
      else if (worth > before) raw += worth - before;
      credits.set(window, Math.max(before ?? worth, worth));
    }
    if (all[index + 1]?.score === score) continue;
    if (at !== undefined || raw > best.raw) best = { raw, threshold: score, found: credits.size, falsePositives };
  }
  const nothing = -windows * profile.falseNegative;
  const score = windows === 0 ? 0 : (100 * (best.raw - nothing)) / (windows - nothing);
  return { score, threshold: at ?? best.threshold, found: best.found, windows, falsePositives: best.falsePositives };
}
