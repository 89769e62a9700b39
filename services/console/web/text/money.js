/**
 * Money in the page: decimal text in, decimal text out, bigint pico-dollars between. No number ever holds an amount.
 */

const DIGITS = 12;
const PICO_PER_USD = 10n ** 12n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,12}))?$/;

/**
 * Decimal text of at most 12 fraction digits as pico-dollars.
 * @param {string} text
 * @returns {bigint}
 */
export function picoFromText(text) {
  const match = DECIMAL.exec(text);
  if (match === null) throw new RangeError(`not an amount: ${text}`);
  const [, sign, whole, fraction = ''] = match;
  return BigInt(`${sign}${whole}${fraction.padEnd(DIGITS, '0')}`);
}

/**
 * @param {bigint} pico
 * @param {number} places fraction digits to keep, 0 to 12; rounds half away from zero, for display only
 */
function fixed(pico, places) {
  const unit = 10n ** BigInt(DIGITS - places);
  const magnitude = pico < 0n ? -pico : pico;
  const rounded = (magnitude + unit / 2n) / unit;
  const digits = rounded.toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  return { sign: pico < 0n ? '−' : '', whole, fraction: digits.slice(digits.length - places) };
}

/** @param {string} whole */
function grouped(whole) {
  return whole.replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * Every digit, no more: `$0.0253218`, `$1,234.5`.
 * @param {bigint} pico
 */
export function exactUsd(pico) {
  const { sign, whole, fraction } = fixed(pico, DIGITS);
  const kept = fraction.replace(/0+$/, '');
  return `${sign}$${grouped(whole)}${kept === '' ? '' : `.${kept}`}`;
}

/**
 * How many fraction digits show an amount: cents from a dollar, four digits from a cent, else three that count.
 * @param {bigint} pico
 */
function placesFor(pico) {
  const magnitude = pico < 0n ? -pico : pico;
  if (magnitude >= PICO_PER_USD || magnitude === 0n) return 2;
  if (magnitude >= PICO_PER_USD / 100n) return 4;
  return Math.min(DIGITS, DIGITS - magnitude.toString().length + 3);
}

/**
 * A short form for tiles and tables; what is not zero never looks like zero.
 * @param {bigint} pico
 */
export function shortUsd(pico) {
  const { sign, whole, fraction } = fixed(pico, placesFor(pico));
  return `${sign}$${grouped(whole)}.${fraction}`;
}

/**
 * A rate as the price book has it, never rounded: `$0.25 / 1M`.
 * @param {string} rate decimal text, any number of digits
 * @param {number} per
 */
export function rateUsd(rate, per) {
  const unit = per === 1_000_000 ? '1M' : per === 1_000 ? '1K' : per.toLocaleString('en-US');
  return per === 1 ? `$${rate}` : `$${rate} / ${unit}`;
}
