const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** Every digit: 12,647,000. @param {number | bigint} value */
export function exactCount(value) {
  return whole.format(value);
}

/** Short from ten thousand: 12.6M. @param {number | bigint} value */
export function shortCount(value) {
  return value < 10_000 ? whole.format(value) : compact.format(value);
}

/** A time in ms for people: 85 µs, 336 ms, 4.5 s, 2 min 5 s. @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return '–';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Part of a whole as a percentage with one digit; `–` when there is no whole. Exact for money: both are bigint.
 * @param {bigint} part
 * @param {bigint} all
 */
export function percent(part, all) {
  if (all === 0n) return '–';
  const tenths = (part * 2000n + all) / (2n * all);
  if (tenths === 0n && part > 0n) return '<0.1 %';
  return `${tenths / 10n}.${tenths % 10n} %`;
}

/**
 * Change from one figure to another: `+12 %`, `−3 %`, `±0 %`, or undefined when there was nothing before.
 * @param {bigint} now
 * @param {bigint} before
 */
export function change(now, before) {
  if (before <= 0n) return undefined;
  const hundredths = ((now - before) * 1000n) / before;
  const magnitude = (hundredths < 0n ? -hundredths : hundredths) + 5n;
  const points = magnitude / 10n;
  if (points === 0n) return '±0 %';
  return `${hundredths < 0n ? '−' : '+'}${exactCount(points)} %`;
}
