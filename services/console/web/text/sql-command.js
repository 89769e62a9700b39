/** @import {Query} from '../../src/api/answers.ts' */

/** A value as the ClickHouse HTTP interface reads it: tab-separated text, escaped. @param {string | number} value */
function escaped(value) {
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

/** @param {string} text */
function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The shell command that runs a statement on the ClickHouse HTTP interface.
 * @param {string} url
 * @param {Query} query
 */
export function sqlCommand(url, query) {
  const params = new URLSearchParams(
    Object.entries(query.params).map(([name, value]) => [`param_${name}`, escaped(value)]),
  ).toString();
  const address = `${url.replace(/\/$/, '')}/${params === '' ? '' : `?${params}`}`;
  return `curl ${shellQuoted(address)} --data-binary ${shellQuoted(query.sql)}`;
}
