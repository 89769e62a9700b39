/** The usual yardstick: how improbable a value is under a normal distribution of the rows before it. */
const WINDOW = 6_400;
const STEP = 100;

export function windowedGaussian(values: readonly number[]): Float64Array {
  const scores = new Float64Array(values.length);
  let mean = 0;
  let sd = 1;
  let rows: number[] = [];
  values.forEach((value, row) => {
    if (rows.length > 0) scores[row] = 1 - tail(Math.abs(value - mean) / sd);
    rows.push(value);
    if (rows.length >= WINDOW + STEP) rows = rows.slice(STEP);
    if (row < STEP || row % STEP === 0) {
      mean = rows.reduce((sum, each) => sum + each, 0) / rows.length;
      sd = Math.sqrt(rows.reduce((sum, each) => sum + (each - mean) ** 2, 0) / rows.length) || 1e-6;
    }
  });
  return scores;
}

/** Upper tail of the normal distribution (Abramowitz and Stegun 7.1.26). */
function tail(z: number): number {
  const t = 1 / (1 + (0.3275911 * z) / Math.SQRT2);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 0.5 * poly * Math.exp((-z * z) / 2);
}
