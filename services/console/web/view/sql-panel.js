/** @import {Query} from '../../src/api/answers.ts' */
import { sqlCommand } from '../text/sql-command.js';
import { copyButton, h } from './dom.js';

/**
 * The statement behind a figure, its parameters, and the command that runs it.
 * @param {Query} query
 * @param {string | null} sqlUrl
 */
export function sqlPanel(query, sqlUrl) {
  const command = sqlUrl === null ? null : sqlCommand(sqlUrl, query);
  return h(
    'div',
    { class: 'sql' },
    h('pre', { tabindex: 0 }, query.sql),
    h(
      'dl',
      { class: 'facts' },
      ...Object.entries(query.params).flatMap(([name, value]) => [
        h('dt', {}, `{${name}}`),
        h('dd', {}, String(value)),
      ]),
    ),
    h('p', { class: 'row' }, copyButton(query.sql), 'the statement'),
    command === null ? null : h('p', { class: 'row' }, copyButton(command), 'a curl command that runs it'),
  );
}
