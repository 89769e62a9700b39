/**
 * Geometry of a chart in exact integers: pico-dollars, counts or ms as bigint; only pixels are numbers.
 * @typedef {object} Bar
 * @property {number} slot
 * @property {number} series
 * @property {bigint} low
 * @property {bigint} high
 */

const PARTS = 100_000n;

/**
 * Stacks series upon each other, the first at the bottom; null takes no room.
 * @param {readonly (readonly (bigint | null)[])[]} series values by series and slot
 * @returns {{bars: Bar[], highest: bigint}}
 */
export function stackSeries(series) {
  /** @type {Bar[]} */
  const bars = [];
  /** @type {bigint[]} */
  const tops = [];
  for (const [index, values] of series.entries()) {
    for (const [slot, value] of values.entries()) {
      if (value === null || value <= 0n) continue;
      const low = tops[slot] ?? 0n;
      tops[slot] = low + value;
      bars.push({ slot, series: index, low, high: low + value });
    }
  }
  return { bars, highest: tops.reduce((most, top) => (top !== undefined && top > most ? top : most), 0n) };
}

/**
 * Round values from 0 (only 0 when there is nothing above it) to at least `highest`, at most `most` steps of 1, 2 or 5 times a power of ten.
 * @param {bigint} highest
 * @param {number} most
 * @returns {bigint[]}
 */
export function axisTicks(highest, most) {
  if (highest <= 0n) return [0n];
  let power = 1n;
  for (;;) {
    for (const factor of [1n, 2n, 5n]) {
      const step = factor * power;
      const steps = (highest + step - 1n) / step;
      if (steps <= BigInt(most)) return Array.from({ length: Number(steps) + 1 }, (_, index) => step * BigInt(index));
    }
    power *= 10n;
  }
}

/**
 * Pixels from the bottom of the plot.
 * @param {bigint} value
 * @param {bigint} top the value at the upper edge
 * @param {number} height
 */
export function toPixels(value, top, height) {
  return (Number((value * PARTS) / top) / Number(PARTS)) * height;
}
