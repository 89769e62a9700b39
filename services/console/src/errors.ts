/** Codes of this package; docs/errors.md explains them. */
export const CONSOLE_ERRORS = {
  CONSOLE_PARAMETER:
    'A query parameter is unknown or malformed; the message names the field, the value and the nearest known one.',
  CONSOLE_NOT_FOUND: 'There is no such page or ledger row; a new row takes about a second to arrive.',
  CONSOLE_BUSY: 'Too many queries or live viewers at once; close a tab or try again after the Retry-After seconds.',
  CONSOLE_HOST: 'The Host header is not an address of this console; open it by the address it printed at start.',
  CONSOLE_REQUEST: 'The HTTP request itself was wrong, or the console failed; its log says why.',
  CONSOLE_ROW: 'The warehouse answered with a column of an unexpected type; apply the migrations of this version.',
} as const;
