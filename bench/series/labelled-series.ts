/** One series of a benchmark: its rows and the windows in which an anomaly counts as found. */
export interface LabelledSeries {
  readonly family: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** First and last row of each window. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

/** How much of a series its windows cover together, whatever their number (the rule of the NAB paper). */
const WINDOW_SHARE = 0.1;

/** Windows around anomalies, sharing a tenth of the rows. */
export function windowsAround(anomalies: readonly number[], rows: number): readonly (readonly [number, number])[] {
  const half = Math.floor((rows * WINDOW_SHARE) / Math.max(1, anomalies.length) / 2);
  const windows: [number, number][] = [];
  for (const row of [...anomalies].sort((a, b) => a - b)) {
    const from = Math.max(0, row - half);
    const to = Math.min(rows - 1, row + half);
    const before = windows.at(-1);
    if (before !== undefined && from <= before[1]) before[1] = to;
    else windows.push([from, to]);
  }
  return windows;
}

/** Rows at the start that are not scored. */
export const probation = (rows: number): number => Math.floor(0.15 * Math.min(rows, 5_000));
