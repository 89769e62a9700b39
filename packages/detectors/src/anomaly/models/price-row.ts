/** Rates of a model in pico-dollars per token. */
export interface PriceRow {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

export interface PriceSample {
  /** Input tokens that were not cached. */
  readonly fresh: number;
  readonly cached: number;
  readonly output: number;
  readonly cost: number;
}

/** A ledger rounds each line once: half a unit of nano-dollars, three lines. */
export const ROUNDING_PICO = 2_000;

export const priceOf = (row: PriceRow, sample: PriceSample): number =>
  row.input * sample.fresh + row.cached * sample.cached + row.output * sample.output;

/** Least squares through the origin; undefined when the samples do not tell the rates apart, or no row explains them all. */
export function inferPriceRow(samples: readonly PriceSample[]): PriceRow | undefined {
  const pays = samples.some(({ cached }) => cached > 0);
  const columns: ((sample: PriceSample) => number)[] = [(s) => s.fresh, (s) => s.output];
  if (pays) columns.push((s) => s.cached);
  const solved = leastSquares(samples, columns);
  if (solved === undefined) return undefined;
  const [input = 0, output = 0, cached = Number.NaN] = solved;
  const row = { input, output, cached: pays ? cached : input };
  return samples.every((sample) => Math.abs(priceOf(row, sample) - sample.cost) <= ROUNDING_PICO) ? row : undefined;
}

/** Normal equations by Gaussian elimination with pivots, on columns scaled to one. */
function leastSquares(
  samples: readonly PriceSample[],
  columns: ((sample: PriceSample) => number)[],
): number[] | undefined {
  const scale = columns.map((column) => Math.sqrt(samples.reduce((sum, sample) => sum + column(sample) ** 2, 0)));
  if (scale.some((size) => size === 0)) return undefined;
  const rows = columns.map((left, i) => [
    ...columns.map((right, j) =>
      samples.reduce((sum, sample) => sum + (left(sample) * right(sample)) / (at(scale, i) * at(scale, j)), 0),
    ),
    samples.reduce((sum, sample) => sum + (left(sample) * sample.cost) / at(scale, i), 0),
  ]);
  for (let pivot = 0; pivot < rows.length; pivot += 1) {
    const best = rows.slice(pivot).reduce((a, b) => (Math.abs(at(b, pivot)) > Math.abs(at(a, pivot)) ? b : a));
    if (Math.abs(at(best, pivot)) < 1e-9) return undefined;
    rows[rows.indexOf(best)] = rows[pivot] as number[];
    rows[pivot] = best;
    for (const row of rows) {
      if (row === best) continue;
      const factor = at(row, pivot) / at(best, pivot);
      for (let column = pivot; column < row.length; column += 1)
        row[column] = at(row, column) - factor * at(best, column);
    }
  }
  return rows.map((row, i) => at(row, rows.length) / at(row, i) / at(scale, i));
}

const at = (list: readonly number[], index: number): number => list[index] as number;
