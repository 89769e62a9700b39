import { exactCount, shortCount } from '../text/counts.js';
import { exactUsd, picoFromText, shortUsd } from '../text/money.js';
import { h } from './dom.js';

/** An amount in short form, all its digits on hover; null is "unknown", never zero. @param {string | null} usd */
export function moneyFigure(usd) {
  if (usd === null)
    return h('span', { class: 'unknown', title: 'No price is known, so the cost is unknown.' }, 'unknown');
  const pico = picoFromText(usd);
  return h('span', { title: exactUsd(pico) }, shortUsd(pico));
}

/** A count in short form, all its digits on hover. @param {number} value */
export function countFigure(value) {
  return h('span', { title: exactCount(value) }, shortCount(value));
}

/** "12 unpriced" beside a sum that leaves them out; nothing when there are none. @param {number} unpriced */
export function unpricedMark(unpriced) {
  if (unpriced === 0) return null;
  const title = `${exactCount(unpriced)} requests have no known cost and are not in this sum.`;
  return h('span', { class: 'unpriced', title }, `${shortCount(unpriced)} unpriced`);
}

/** The name of a dimension's value; the empty one is said, not shown as nothing. @param {string} name */
export function keyName(name) {
  return name === '' ? h('span', { class: 'unknown' }, 'none') : name;
}
