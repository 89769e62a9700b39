/** @import {BreakdownAnswer, BreakdownRow} from '../../src/api/answers.ts' */
/** @import {Change, State} from '../state/url-state.js' */
import { ask } from '../state/api.js';
import { DIMENSIONS, scopeQuery, withFilter } from '../state/url-state.js';
import { duration, percent } from '../text/counts.js';
import { picoFromText } from '../text/money.js';
import { h, redraw, s } from './dom.js';
import { countFigure, keyName, moneyFigure, unpricedMark } from './figures.js';
import { createLoader } from './loader.js';
import { sqlPanel } from './sql-panel.js';
import { segments } from './tabs.js';

const ROWS = 12;

/** Titles and classes; `wide` leaves on a narrow screen. */
const COLUMNS = [
  ['Spend', 'number'],
  ['Share', 'number wide share'],
  ['Requests', 'number'],
  ['Tokens', 'number wide'],
  ['Errors', 'number'],
  ['p95', 'number wide'],
];

/**
 * A table of the most expensive values of one dimension; a click filters by the value.
 * @param {HTMLElement} card
 * @param {string} by
 * @param {{change: Change, sqlUrl(): string | null}} page
 */
export function createBreakdownCard(card, by, page) {
  const head = h('header', {});
  const body = h('div', { class: 'card-body' });
  const loader = createLoader(body);
  /** @type {'table' | 'sql'} */
  let view = 'table';
  /** @type {BreakdownAnswer | undefined} */
  let latest;
  card.replaceChildren(head, body);

  function drawHead() {
    redraw(
      head,
      h('h2', {}, `By ${DIMENSIONS[by]}`),
      segments(
        'View',
        [
          ['table', 'Table'],
          ['sql', 'SQL'],
        ],
        view,
        (chosen) => {
          view = chosen;
          drawHead();
          if (latest !== undefined) body.replaceChildren(draw(latest));
        },
      ),
    );
  }

  /** @param {BreakdownAnswer} answer */
  function draw(answer) {
    if (view === 'sql') return sqlPanel(answer, page.sqlUrl());
    return breakdownTable(answer, (name) => page.change((state) => withFilter(state, by, name)));
  }

  return {
    /** @param {State} state */
    update(state) {
      drawHead();
      const query = scopeQuery(state);
      query.set('by', by);
      query.set('limit', String(ROWS));
      return loader.run(
        (signal) => ask('/api/breakdown', query, signal),
        (/** @type {BreakdownAnswer} */ answer) => {
          latest = answer;
          return draw(answer);
        },
      );
    },
  };
}

/** @param {BreakdownAnswer} answer @param {(name: string) => void} filter */
function breakdownTable(answer, filter) {
  if (answer.rows.length === 0) return h('p', { class: 'note empty' }, 'No requests in this range.');
  const known = picoFromText(answer.spend_usd ?? '0');
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
          h('th', {}, DIMENSIONS[answer.by]),
          ...COLUMNS.map(([title, kind]) => h('th', { class: kind }, title)),
        ),
      ),
      h('tbody', {}, ...answer.rows.map((row) => line(row, known, filter))),
    ),
    answer.groups > answer.rows.length ? h('p', { class: 'note' }, `${answer.rows.length} of ${answer.groups}`) : null,
  );
}

/** @param {BreakdownRow} row @param {bigint} known @param {(name: string) => void} filter */
function line(row, known, filter) {
  const spend = row.spend_usd === null ? null : picoFromText(row.spend_usd);
  const click = () => filter(row.name);
  const figures = [
    [moneyFigure(row.spend_usd), unpricedMark(row.unpriced)],
    [spend === null ? '–' : percent(spend, known), spend === null ? null : shareBar(spend, known)],
    [countFigure(row.requests)],
    [countFigure(row.tokens_in + row.tokens_out)],
    [percent(BigInt(row.errors), BigInt(row.requests))],
    [duration(row.latency_p95_ms)],
  ];
  return h(
    'tr',
    {},
    h('td', {}, h('button', { type: 'button', class: 'link', title: 'Filter', click }, keyName(row.name))),
    ...figures.map((figure, index) => h('td', { class: COLUMNS[index]?.[1] }, ...figure)),
  );
}

/** @param {bigint} part @param {bigint} all */
function shareBar(part, all) {
  const width = all === 0n ? 0 : Number((part * 1000n) / all) / 10;
  return s(
    'svg',
    { class: 'share-bar', viewBox: '0 0 100 3', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    s('rect', { class: 'share-back', width: 100, height: 3 }),
    s('rect', { class: 'share-part', width, height: 3 }),
  );
}
