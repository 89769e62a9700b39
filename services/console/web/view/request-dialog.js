/** @import {Attempt, CostLine, RequestAnswer} from '../../src/api/answers.ts' */
import { ask } from '../state/api.js';
import { duration, exactCount } from '../text/counts.js';
import { longMoment } from '../text/moments.js';
import { exactUsd, picoFromText, rateUsd } from '../text/money.js';
import { prettyJson } from '../text/pretty-json.js';
import { copyButton, h } from './dom.js';
import { createLoader } from './loader.js';
import { sqlPanel } from './sql-panel.js';

/** Columns that have a place of their own above the list of all columns. */
const SHOWN_APART = new Set(['usage_raw']);

/**
 * The page of one request, in a dialog at the side.
 * @param {HTMLDialogElement} dialog
 * @param {{close(): void, open(id: string): void, sqlUrl(): string | null}} page
 */
export function createRequestDialog(dialog, page) {
  const body = h('div', { class: 'dialog-body' });
  const loader = createLoader(body);
  const close = h(
    'button',
    { type: 'button', 'aria-label': 'Close', class: 'close', click: () => dialog.close() },
    '×',
  );
  dialog.replaceChildren(h('header', {}, h('h2', { id: 'request-title' }, 'Request'), close), body);
  dialog.addEventListener('close', page.close);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    /** Opens the dialog on a request, or closes it. @param {string | null} id */
    update(id) {
      if (id === null) {
        if (dialog.open) dialog.close();
        return;
      }
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
      void loader.run((signal) => ask(`/api/requests/${encodeURIComponent(id)}`, new URLSearchParams(), signal), draw);
    },
  };

  /** @param {RequestAnswer} answer */
  function draw(answer) {
    return [
      summary(answer),
      costSection(answer),
      answer.attempts.length > 1
        ? attemptsSection(answer.attempts, String(answer.request['request_id']), page.open)
        : null,
      payloadSection(answer),
      section(
        'Usage as the provider reported it',
        bodyText(String(answer.request['usage_raw']), 'The provider reported none.'),
      ),
      allColumns(answer),
      h(
        'details',
        {},
        h('summary', {}, 'SQL'),
        ...Object.values(answer.queries).map((query) => sqlPanel(query, page.sqlUrl())),
      ),
    ];
  }
}

/** @param {string} title @param {...(Node | null)} children */
function section(title, ...children) {
  return h('section', {}, h('h3', {}, title), ...children);
}

/** @param {RequestAnswer} answer */
function summary({ request }) {
  const text = (/** @type {string} */ name) => String(request[name] ?? '');
  const outcome = text('outcome');
  const reason = [text('error_type'), text('error_code')].filter((word) => word !== '').join(', ');
  const usd = request['cost_usd'];
  return h(
    'div',
    { class: 'summary' },
    h(
      'p',
      { class: 'figure' },
      typeof usd === 'string' ? exactUsd(picoFromText(usd)) : h('span', { class: 'unknown' }, 'unknown cost'),
    ),
    h('p', {}, h('strong', {}, text('response_model') || text('request_model')), ` at ${text('provider')}`),
    h(
      'p',
      {},
      h(
        'span',
        { class: outcome === 'ok' ? 'status' : 'status bad' },
        `${text('status')} ${outcome.replaceAll('_', ' ')}`,
      ),
      reason === '' ? '' : ` ${reason}`,
    ),
    h(
      'p',
      { class: 'note' },
      `${longMoment(text('ts').replace(' ', 'T').concat('Z'))}; ${duration(Number(request['duration_ms']))}, `,
      `first byte after ${duration(Number(request['ttfb_ms']))}, of which Weir ${duration(Number(request['overhead_us']) / 1000)}`,
    ),
    h('p', { class: 'row' }, h('code', {}, text('request_id')), copyButton(text('request_id'))),
  );
}

/** @param {RequestAnswer} answer */
function costSection({ request, cost_lines: lines }) {
  const usd = request['cost_usd'];
  const flags = [request['usage_flags'], request['cost_flags']].flat().map(String);
  const reported = request['cost_reported_usd'];
  return section(
    'Cost',
    lines.length === 0 ? null : h('div', { class: 'scroll' }, costTable(lines, typeof usd === 'string' ? usd : null)),
    typeof usd === 'string'
      ? null
      : h(
          'p',
          { class: 'unpriced' },
          `The cost is unknown: ${String(request['unpriced_reason']).replaceAll('_', ' ') || 'no reason given'}.`,
        ),
    h(
      'dl',
      { class: 'facts' },
      ...fact('cost', `${request['cost_source']}`),
      ...fact('usage', `${request['usage_source']}`),
      ...fact('price book', `${request['price_book_version']}`),
      ...fact('provider’s figure', typeof reported === 'string' ? exactUsd(picoFromText(reported)) : 'none given'),
      ...(flags.length === 0 ? [] : fact('flags', flags.join(', '))),
    ),
  );
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return [h('dt', {}, name), h('dd', {}, value === '' ? '–' : value)];
}

/** The formula, a line per usage class: quantity × rate = amount. @param {readonly CostLine[]} lines @param {string | null} total */
function costTable(lines, total) {
  return h(
    'table',
    { class: 'formula' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', {}, 'Class'),
        h('th', { class: 'number' }, 'Quantity'),
        h('th', { class: 'number' }, '× Rate'),
        h('th', { class: 'number' }, '= Amount'),
      ),
    ),
    h(
      'tbody',
      {},
      ...lines.map((line) =>
        h(
          'tr',
          {},
          h('td', {}, line.class, h('span', { class: 'sub' }, line.rate_id)),
          h('td', { class: 'number' }, exactQuantity(line.quantity), h('span', { class: 'sub' }, line.unit)),
          h(
            'td',
            { class: 'number' },
            line.rate_usd === '' ? h('span', { class: 'unknown' }, 'no rate') : rateUsd(line.rate_usd, line.per),
          ),
          h(
            'td',
            { class: 'number' },
            line.amount_usd === null
              ? h('span', { class: 'unknown' }, 'unknown')
              : exactUsd(picoFromText(line.amount_usd)),
          ),
        ),
      ),
    ),
    total === null
      ? null
      : h(
          'tfoot',
          {},
          h(
            'tr',
            {},
            h('th', {}, 'Total'),
            h('td', {}),
            h('td', {}),
            h('th', { class: 'number' }, exactUsd(picoFromText(total))),
          ),
        ),
  );
}

/** @param {number} quantity */
function exactQuantity(quantity) {
  return Number.isInteger(quantity) ? exactCount(quantity) : String(quantity);
}

/** @param {readonly Attempt[]} attempts @param {string} current @param {(id: string) => void} open */
function attemptsSection(attempts, current, open) {
  return section(
    `Attempts of this call (${attempts.length})`,
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h(
          'tbody',
          {},
          ...attempts.map((attempt) => {
            const words = `${attempt.step + 1}.${attempt.attempt} ${attempt.provider} ${attempt.request_model}`;
            const here = attempt.request_id === current;
            return h(
              'tr',
              {},
              h(
                'td',
                {},
                here
                  ? h('strong', {}, words)
                  : h('button', { type: 'button', class: 'link', click: () => open(attempt.request_id) }, words),
              ),
              h('td', {}, `${attempt.status} ${attempt.outcome.replaceAll('_', ' ')}`),
              h('td', { class: 'number' }, duration(attempt.duration_ms)),
              h(
                'td',
                { class: 'number' },
                attempt.cost_usd === null ? 'unknown' : exactUsd(picoFromText(attempt.cost_usd)),
              ),
            );
          }),
        ),
      ),
    ),
  );
}

/** @param {RequestAnswer} answer */
function payloadSection({ request, payload }) {
  if (payload === null) {
    const words = {
      off: 'Bodies are switched off for this request.',
      dropped: 'The bodies were dropped to save space.',
    };
    const kind = String(request['payload']);
    return section(
      'Bodies',
      h('p', { class: 'note' }, words[/** @type {keyof typeof words} */ (kind)] ?? 'No bodies are stored.'),
    );
  }
  return section(
    'Bodies',
    payload.truncated ? h('p', { class: 'unpriced' }, 'Shortened: only the beginning and the end were kept.') : null,
    h('h4', {}, 'Request'),
    bodyText(payload.request_body, 'Empty.'),
    h('h4', {}, 'Response'),
    bodyText(payload.response_body, 'Empty.'),
  );
}

/** @param {string} text @param {string} whenEmpty */
function bodyText(text, whenEmpty) {
  if (text === '') return h('p', { class: 'note' }, whenEmpty);
  return h('div', { class: 'body-text' }, copyButton(text), h('pre', { tabindex: 0 }, prettyJson(text)));
}

/** @param {RequestAnswer} answer */
function allColumns({ request }) {
  const facts = Object.entries(request)
    .filter(([name]) => !SHOWN_APART.has(name))
    .flatMap(([name, value]) =>
      fact(name, typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? 'unknown')),
    );
  return h('details', {}, h('summary', {}, 'All columns'), h('dl', { class: 'facts columns' }, ...facts));
}
