/** @import {SeriesAnswer} from '../../src/api/answers.ts' */
/** @import {Change, State} from '../state/url-state.js' */
import { drawChart } from '../chart/draw-chart.js';
import { MEASURE_FORMS } from '../chart/measures.js';
import { colourClass, seriesName } from '../chart/series-style.js';
import { ask } from '../state/api.js';
import { DIMENSIONS, MEASURES, scopeQuery, withFilter } from '../state/url-state.js';
import { slotSpan } from '../text/moments.js';
import { h, redraw } from './dom.js';
import { unpricedMark } from './figures.js';
import { createLoader } from './loader.js';
import { sqlPanel } from './sql-panel.js';
import { choice, segments } from './tabs.js';

/** @typedef {'chart' | 'table' | 'sql'} View */

/**
 * The main chart: one measure over time by one dimension, as chart, table or SQL.
 * @param {HTMLElement} card
 * @param {{change: Change, sqlUrl(): string | null}} page
 */
export function createSeriesCard(card, page) {
  const head = h('header', {});
  const body = h('div', { class: 'card-body chart-body' });
  const loader = createLoader(body);
  /** @type {View} */
  let view = 'chart';
  /** @type {SeriesAnswer | undefined} */
  let latest;
  card.replaceChildren(head, body);

  /** @param {State} state */
  function drawHead(state) {
    redraw(
      head,
      h('h2', {}, `${MEASURE_FORMS[state.measure].title} by ${DIMENSIONS[state.by]}`),
      h(
        'div',
        { class: 'controls' },
        ...questionChoices(state, page.change),
        segments(
          'View',
          [
            ['chart', 'Chart'],
            ['table', 'Table'],
            ['sql', 'SQL'],
          ],
          view,
          (chosen) => {
            view = chosen;
            drawHead(state);
            if (latest !== undefined) body.replaceChildren(...draw(latest));
          },
        ),
      ),
    );
  }

  /** @param {SeriesAnswer} answer */
  function draw(answer) {
    if (view === 'sql') return [sqlPanel(answer, page.sqlUrl())];
    if (answer.series.length === 0) return [h('p', { class: 'note empty' }, 'No requests in this range.')];
    if (view === 'table') return [seriesTable(answer)];
    const known = answer.measure !== 'spend' || answer.series.some((series) => series.total !== null);
    const figure = known ? drawChart(answer) : h('p', { class: 'note empty' }, 'No cost in this range is known.');
    return [figure, legend(answer, (name) => page.change((state) => withFilter(state, answer.by, name)))];
  }

  return {
    /** @param {State} state */
    update(state) {
      drawHead(state);
      const query = scopeQuery(state);
      query.set('by', state.by);
      query.set('measure', state.measure);
      return loader.run(
        (signal) => ask('/api/series', query, signal),
        (/** @type {SeriesAnswer} */ answer) => {
          latest = answer;
          return draw(answer);
        },
      );
    },
  };
}

/** What to measure, and by what. @param {State} state @param {Change} change */
function questionChoices(state, change) {
  return [
    choice(
      'Measure',
      MEASURES.map((measure) => [measure, MEASURE_FORMS[measure].title]),
      state.measure,
      (measure) => change({ measure: MEASURES.find((known) => known === measure) ?? 'spend' }),
    ),
    choice(
      'By',
      Object.entries(DIMENSIONS).map(([name, words]) => [name, `by ${words}`]),
      state.by,
      (by) => change({ by }),
    ),
  ];
}

/** Names, colours and sums; a click filters by the name. @param {SeriesAnswer} answer @param {(name: string) => void} filter */
function legend(answer, filter) {
  const form = MEASURE_FORMS[answer.measure];
  return h(
    'ul',
    { class: 'legend' },
    ...answer.series.map((series, index) => {
      const words = [
        h('i', { class: `swatch ${colourClass(series, index)}` }),
        seriesName(series),
        series.total === null ? null : h('b', {}, form.short(form.read(series.total))),
        series.total === null && answer.measure === 'spend' ? h('b', { class: 'unknown' }, 'unknown') : null,
      ];
      if (series.other) return h('li', {}, ...words);
      const click = () => filter(series.name);
      return h('li', {}, h('button', { type: 'button', class: 'quiet', title: 'Filter', click }, ...words));
    }),
    answer.measure === 'spend' ? h('li', {}, unpricedMark(answer.unpriced)) : null,
  );
}

/** The figures of the chart, newest slot first. @param {SeriesAnswer} answer */
function seriesTable(answer) {
  const form = MEASURE_FORMS[answer.measure];
  const slots = answer.slots.map((_, index) => index).reverse();
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', {}, 'Time'),
          ...answer.series.map((series) => h('th', { class: 'number' }, seriesName(series))),
        ),
      ),
      h(
        'tbody',
        {},
        ...slots.map((slot) =>
          h(
            'tr',
            {},
            h('td', {}, slotSpan(answer.slots[slot] ?? 0, answer.step_seconds)),
            ...answer.series.map((series) => {
              const value = series.values[slot] ?? null;
              const unknown = answer.measure === 'spend' ? 'unknown' : '–';
              return h('td', { class: 'number' }, value === null ? unknown : form.exact(form.read(value)));
            }),
          ),
        ),
      ),
    ),
  );
}
