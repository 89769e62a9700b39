/** @import {SeriesAnswer} from '../../src/api/answers.ts' */
/** @import {Bar} from './scale.js' */
import { slotLabel } from '../text/moments.js';
import { s } from '../view/dom.js';
import { MEASURE_FORMS } from './measures.js';
import { axisTicks, stackSeries, toPixels } from './scale.js';
import { colourClass } from './series-style.js';

const HEIGHT = 260;
const TOP = 10;
const BOTTOM = 24;
const RIGHT = 8;
const INNER = HEIGHT - TOP - BOTTOM;
const TICKS = 4;
const TIME_LABEL_WIDTH = 78;
const DIGIT_WIDTH = 6.6;
const LEFT_MIN = 44;

/**
 * Where everything goes, px.
 * @typedef {object} Plot
 * @property {number} width
 * @property {number} left room for the labels of the axis
 * @property {number} slotWidth
 * @property {number} slots
 * @property {readonly bigint[]} ticks
 * @property {bigint} top the value at the upper edge
 * @property {readonly Bar[]} bars
 */

/** Values by series and slot. @typedef {readonly (readonly (bigint | null)[])[]} Values */

/** @param {SeriesAnswer} answer @param {Values} values @param {number} width @returns {Plot} */
export function planPlot(answer, values, width) {
  const form = MEASURE_FORMS[answer.measure];
  const stack = stackSeries(values);
  const largest = values
    .flat()
    .reduce((/** @type {bigint} */ most, value) => (value !== null && value > most ? value : most), 0n);
  const ticks = axisTicks(form.stacked ? stack.highest : largest, TICKS);
  const longest = Math.max(...ticks.map((tick) => form.axis(tick).length));
  const left = Math.max(LEFT_MIN, Math.ceil(longest * DIGIT_WIDTH) + 10);
  const slots = answer.slots.length;
  return {
    width,
    left,
    slots,
    slotWidth: (width - left - RIGHT) / slots,
    ticks,
    top: ticks.at(-1) || 1n,
    bars: stack.bars,
  };
}

/** Left edge of a slot. @param {Plot} plot @param {number} slot */
export function slotX(plot, slot) {
  return plot.left + slot * plot.slotWidth;
}

/** The slot under a place. @param {Plot} plot @param {number} x */
export function slotAt(plot, x) {
  return Math.floor((x - plot.left) / plot.slotWidth);
}

/** @param {Plot} plot @param {bigint} value */
function valueY(plot, value) {
  return TOP + INNER - toPixels(value, plot.top, INNER);
}

/** @param {Plot} plot @param {SeriesAnswer} answer @param {Values} values */
export function drawPlot(plot, answer, values) {
  const form = MEASURE_FORMS[answer.measure];
  return s(
    'svg',
    { width: plot.width, height: HEIGHT, viewBox: `0 0 ${plot.width} ${HEIGHT}`, 'aria-hidden': 'true' },
    s('rect', { class: 'cursor', x: 0, y: TOP, width: plot.slotWidth, height: INNER, visibility: 'hidden' }),
    ...plot.ticks.flatMap((tick) => {
      const y = valueY(plot, tick);
      const label = tick === 0n ? '0' : form.axis(tick);
      return [
        s('line', { class: 'grid', x1: plot.left, x2: plot.width - RIGHT, y1: y, y2: y }),
        s('text', { class: 'axis', x: plot.left - 8, y: y + 4, 'text-anchor': 'end' }, label),
      ];
    }),
    ...timeLabels(plot, answer),
    ...(form.stacked ? bars(plot, answer) : lines(plot, answer, values)),
  );
}

/** @param {Plot} plot @param {SeriesAnswer} answer */
function timeLabels(plot, answer) {
  const { slots, step_seconds: step } = answer;
  const wanted = Math.max(1, Math.floor((plot.width - plot.left - RIGHT) / TIME_LABEL_WIDTH));
  const every = Math.max(1, Math.ceil(slots.length / wanted));
  const labels = [];
  let previous = '';
  for (let slot = Math.floor(every / 2); slot < slots.length; slot += every) {
    const text = slotLabel(slots[slot] ?? 0, step, slots.length * step);
    if (text === previous) continue;
    previous = text;
    labels.push(s('text', { class: 'axis', x: slotX(plot, slot), y: HEIGHT - 6, 'text-anchor': 'middle' }, text));
  }
  return labels;
}

/** @param {Plot} plot @param {SeriesAnswer} answer */
function bars(plot, answer) {
  const gap = plot.slotWidth > 6 ? 2 : plot.slotWidth > 3 ? 1 : 0;
  return plot.bars.map((bar) => {
    const y = valueY(plot, bar.high);
    return s('rect', {
      class: colourClass(answer.series[bar.series] ?? { other: true }, bar.series),
      x: slotX(plot, bar.slot) + gap / 2,
      y,
      width: Math.max(1, plot.slotWidth - gap),
      height: valueY(plot, bar.low) - y,
    });
  });
}

/**
 * A line between neighbouring slots and a dot in each; where nothing was measured the line breaks.
 * @param {Plot} plot @param {SeriesAnswer} answer @param {Values} values
 */
function lines(plot, answer, values) {
  return answer.series.flatMap((series, index) => {
    const colour = colourClass(series, index);
    let path = '';
    let joined = false;
    const dots = [];
    for (const [slot, value] of (values[index] ?? []).entries()) {
      if (value === null) {
        joined = false;
        continue;
      }
      const x = (slotX(plot, slot) + plot.slotWidth / 2).toFixed(1);
      const y = valueY(plot, value).toFixed(1);
      path += `${joined ? 'L' : 'M'}${x},${y}`;
      joined = true;
      dots.push(s('circle', { class: colour, cx: x, cy: y, r: 2.5 }));
    }
    return [s('path', { class: `line ${colour}`, d: path }), ...dots];
  });
}
