/** @import {RequestRow} from '../../src/api/answers.ts' */
import { duration, exactCount } from '../text/counts.js';
import { longMoment, shortMoment } from '../text/moments.js';
import { h } from './dom.js';
import { moneyFigure } from './figures.js';

/** Titles and classes; `wide` and `widest` leave on narrower screens. */
const COLUMNS = [
  ['Time', ''],
  ['Model', 'model'],
  ['Feature', 'wide'],
  ['User', 'wide'],
  ['Prompt', 'widest preview'],
  ['Tokens', 'number wide'],
  ['Latency', 'number wide'],
  ['Status', ''],
  ['Cost', 'number'],
];

/**
 * The table of requests. Rows that stay keep their elements, so that focus and selection survive new rows.
 * @param {{open(id: string): void, url(id: string): string}} page
 */
export function createRequestRows(page) {
  const body = h('tbody', {});
  /** @type {Map<string, HTMLTableRowElement>} */
  const lines = new Map();
  const head = h('thead', {}, h('tr', {}, ...COLUMNS.map(([title = '', kind]) => h('th', { class: kind }, title))));
  return {
    element: h('div', { class: 'scroll' }, h('table', { class: 'requests' }, head, body)),

    /** @param {readonly RequestRow[]} rows @param {boolean} fresh marks rows that were not there before */
    draw(rows, fresh) {
      const wanted = new Set(rows.map((row) => row.request_id));
      for (const [id, line] of lines) {
        if (wanted.has(id)) continue;
        line.remove();
        lines.delete(id);
      }
      for (const [index, row] of rows.entries()) {
        const line = lines.get(row.request_id) ?? requestLine(row, fresh, page);
        lines.set(row.request_id, line);
        if (body.children[index] !== line) body.insertBefore(line, body.children[index] ?? null);
      }
    },
  };
}

/** @param {RequestRow} row @param {boolean} fresh @param {{open(id: string): void, url(id: string): string}} page */
function requestLine(row, fresh, page) {
  const click = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    page.open(row.request_id);
  };
  const bad = row.outcome !== 'ok';
  const cells = [
    [h('a', { href: page.url(row.request_id), title: longMoment(row.ts) }, shortMoment(row.ts))],
    [row.model, h('span', { class: 'sub' }, row.provider)],
    [row.feature || '–', h('span', { class: 'sub' }, row.env)],
    [row.user_id || '–'],
    [row.prompt_preview],
    [`${exactCount(row.input_tokens)} → ${exactCount(row.output_tokens)}`],
    [duration(row.duration_ms)],
    [h('span', { class: bad ? 'status bad' : 'status' }, bad ? row.outcome.replaceAll('_', ' ') : String(row.status))],
    [moneyFigure(row.cost_usd)],
  ];
  return h(
    'tr',
    { class: fresh ? 'fresh' : '', click },
    ...cells.map((cell, index) => h('td', { class: COLUMNS[index]?.[1] }, ...cell)),
  );
}
