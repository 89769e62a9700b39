/** Class of a series' colour; "other" is grey. @param {{other: boolean}} series @param {number} index */
export function colourClass(series, index) {
  return series.other ? 'colour-other' : `colour-${index % 8}`;
}

/** @param {{name: string, other: boolean}} series */
export function seriesName(series) {
  if (series.other) return 'other';
  return series.name === '' ? 'none' : series.name;
}
