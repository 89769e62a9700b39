/** @import {ErrorAnswer} from '../../src/api/answers.ts' */

/** What the API answered instead of data; `code` is one of docs/errors.md. */
export class ApiError extends Error {
  /** @param {string} code @param {string} message @param {string | null} fix */
  constructor(code, message, fix) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

/**
 * Asks the API. @template T
 * @param {string} path
 * @param {URLSearchParams} query
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 * @throws {ApiError}
 */
export async function ask(path, query, signal) {
  let response;
  try {
    response = await fetch(`${path}?${query}`, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError('CONSOLE_UNREACHABLE', 'The console does not answer.', 'Is Weir running?');
  }
  const body = await response.json();
  if (response.ok) return body;
  const { error } = /** @type {ErrorAnswer} */ (body);
  throw new ApiError(error.code, error.message, error.fix);
}
