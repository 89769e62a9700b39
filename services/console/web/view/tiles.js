/** @import {OverviewAnswer} from '../../src/api/answers.ts' */
/** @import {Child} from './dom.js' */
import { change, duration, exactCount, percent, shortCount } from '../text/counts.js';
import { picoFromText } from '../text/money.js';
import { h } from './dom.js';
import { countFigure, moneyFigure, unpricedMark } from './figures.js';

/** @param {string} title @param {Child} figure @param {...Child} notes */
function tile(title, figure, ...notes) {
  return h(
    'div',
    { class: 'tile' },
    h('h3', {}, title),
    h('p', { class: 'figure' }, figure),
    h('p', { class: 'note' }, ...notes),
  );
}

/** @param {string | undefined} text */
function versus(text) {
  return text === undefined ? 'nothing before to compare' : `${text} on the period before`;
}

/** The figures of a period, each beside the period before it. @param {OverviewAnswer} answer */
export function tiles({ totals, previous }) {
  const errors = percent(BigInt(totals.errors), BigInt(totals.requests));
  const errorsBefore = percent(BigInt(previous.errors), BigInt(previous.requests));
  const spendVersus =
    totals.spend_usd === null || previous.spend_usd === null
      ? ''
      : versus(change(picoFromText(totals.spend_usd), picoFromText(previous.spend_usd)));
  const tokens = totals.tokens_in + totals.tokens_out;
  return h(
    'div',
    { class: 'tiles' },
    tile('Spend', moneyFigure(totals.spend_usd), spendVersus, unpricedMark(totals.unpriced)),
    tile('Requests', countFigure(totals.requests), versus(change(BigInt(totals.requests), BigInt(previous.requests)))),
    tile(
      'Tokens',
      countFigure(tokens),
      `${shortCount(totals.tokens_in)} in, ${shortCount(totals.tokens_out)} out, `,
      `${percent(BigInt(totals.tokens_cached), BigInt(totals.tokens_in))} of input cached`,
    ),
    tile(
      'Errors',
      errors,
      `${exactCount(totals.errors)} requests`,
      previous.requests === 0 ? '' : `, ${errorsBefore} before`,
    ),
    tile(
      'Latency p95',
      duration(totals.latency_ms.p95),
      `p50 ${duration(totals.latency_ms.p50)}, first byte ${duration(totals.first_byte_ms.p50)}, `,
      `Weir ${duration(totals.overhead_p50_us === null ? null : totals.overhead_p50_us / 1000)}`,
    ),
    tile(
      'Unpriced',
      countFigure(totals.unpriced),
      totals.unpriced === 0 ? 'every cost is known' : 'requests of unknown cost, in no sum',
    ),
  );
}
