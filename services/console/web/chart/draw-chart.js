/** @import {SeriesAnswer} from '../../src/api/answers.ts' */
/** @import {Plot} from './plot.js' */
import { slotSpan } from '../text/moments.js';
import { h } from '../view/dom.js';
import { MEASURE_FORMS } from './measures.js';
import { drawPlot, planPlot, slotAt, slotX } from './plot.js';
import { colourClass, seriesName } from './series-style.js';

const WIDTH_MIN = 100;
const TIP_GAP = 14;

/**
 * Draws a chart that fits its place, with a cursor for pointer and arrow keys.
 * @param {SeriesAnswer} answer
 */
export function drawChart(answer) {
  const form = MEASURE_FORMS[answer.measure];
  const values = answer.series.map((series) =>
    series.values.map((value) => (value === null ? null : form.read(value))),
  );
  const tip = h('div', { class: 'tip', hidden: true, 'aria-live': 'polite' });
  const place = h('div', {
    class: 'chart',
    tabindex: 0,
    role: 'group',
    'aria-label': `${form.title} over time. Arrow keys move the cursor; the table view holds the same figures.`,
  });
  let cursor = -1;
  /** @type {Plot | undefined} */
  let plot;

  /** @param {number} slot */
  function point(slot) {
    if (plot === undefined) return;
    cursor = Math.max(0, Math.min(answer.slots.length - 1, slot));
    const x = slotX(plot, cursor);
    const mark = place.querySelector('.cursor');
    mark?.setAttribute('x', String(x));
    mark?.removeAttribute('visibility');
    tip.replaceChildren(...tipLines(answer, values, cursor));
    tip.hidden = false;
    const left = x > plot.width / 2 ? x - tip.offsetWidth - TIP_GAP : x + plot.slotWidth + TIP_GAP;
    tip.style.left = `${Math.max(0, Math.min(plot.width - tip.offsetWidth, left))}px`;
  }

  function leave() {
    tip.hidden = true;
    place.querySelector('.cursor')?.setAttribute('visibility', 'hidden');
  }

  place.addEventListener('pointermove', (event) => {
    if (plot !== undefined) point(slotAt(plot, event.clientX - place.getBoundingClientRect().left));
  });
  place.addEventListener('pointerleave', leave);
  place.addEventListener('blur', leave);
  place.addEventListener('keydown', (event) => {
    const moves = { ArrowLeft: cursor - 1, ArrowRight: cursor + 1, Home: 0, End: answer.slots.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    point(moves[/** @type {keyof typeof moves} */ (event.key)]);
  });
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width === plot?.width || width < WIDTH_MIN) return;
    plot = planPlot(answer, values, width);
    place.replaceChildren(drawPlot(plot, answer, values), tip);
  }).observe(place);
  return place;
}

/** @param {SeriesAnswer} answer @param {(bigint | null)[][]} values @param {number} slot */
function tipLines(answer, values, slot) {
  const form = MEASURE_FORMS[answer.measure];
  const unpriced = answer.series.reduce((sum, series) => sum + (series.unpriced[slot] ?? 0), 0);
  const shown = answer.series
    .map((series, index) => ({ series, index, value: values[index]?.[slot] ?? null }))
    .filter(({ value }) => value !== null && value > 0n)
    .reverse();
  const total = shown.reduce((sum, { value }) => sum + (value ?? 0n), 0n);
  return [
    h('p', { class: 'tip-title' }, slotSpan(answer.slots[slot] ?? 0, answer.step_seconds)),
    ...shown.map(({ series, index, value }) =>
      h(
        'p',
        {},
        h('i', { class: `swatch ${colourClass(series, index)}` }),
        h('span', {}, seriesName(series)),
        h('b', {}, form.short(value ?? 0n)),
      ),
    ),
    form.stacked ? h('p', { class: 'tip-total' }, h('span', {}, 'Total'), h('b', {}, form.short(total))) : null,
    answer.measure === 'spend' && unpriced > 0
      ? h('p', { class: 'unpriced' }, `${unpriced} unpriced, not in the sum`)
      : null,
  ].filter((line) => line !== null);
}
