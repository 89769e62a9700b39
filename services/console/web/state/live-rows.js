/** @import {RequestRow} from '../../src/api/answers.ts' */

/**
 * Subscribes to new rows; the browser reconnects by itself and tells the server the last row it saw.
 * @param {URLSearchParams} filters
 * @param {{row(row: RequestRow): void, gap(): void, state(state: 'open' | 'waiting'): void}} handlers
 * @returns {() => void} ends the subscription
 */
export function watchRows(filters, handlers) {
  const source = new EventSource(`/api/requests/live?${filters}`);
  source.addEventListener('open', () => handlers.state('open'));
  source.addEventListener('error', () => handlers.state('waiting'));
  source.addEventListener('unavailable', () => handlers.state('waiting'));
  source.addEventListener('gap', () => handlers.gap());
  source.addEventListener('request', (event) => {
    handlers.state('open');
    handlers.row(JSON.parse(event.data));
  });
  return () => source.close();
}

/**
 * Adds rows to a newest-first list: each id once, at most `limit` rows.
 * @param {readonly RequestRow[]} rows
 * @param {readonly RequestRow[]} more
 * @param {number} limit
 * @returns {RequestRow[]}
 */
export function mergeRows(rows, more, limit) {
  const byId = new Map([...rows, ...more].map((row) => [row.request_id, row]));
  return [...byId.values()].sort((a, b) => (a.ts < b.ts ? 1 : a.ts > b.ts ? -1 : 0)).slice(0, limit);
}
