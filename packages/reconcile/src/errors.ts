/** Every code this package throws, with what it means and what to do. */
export const RECONCILE_ERRORS = {
  STATEMENT_UNKNOWN:
    'A statement is of no form that is known: OpenAI or Anthropic usage or costs (JSON, CSV), AWS CUR 2.0, FOCUS, or CSV with a day, a model and an amount.',
  STATEMENT_INVALID: 'A statement has a line that cannot be read. The message names the file, the line and the field.',
} as const;
