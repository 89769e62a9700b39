/** Every code this service throws or writes into a dead letter, with what it means and what to do. */
export const LOADER_ERRORS = {
  LOADER_MIXED_RANGE: 'A sealed range holds two schemas: the log was changed behind the loader. Restore the log.',
  LOADER_RANGE_NOT_LANDING:
    'A range was inserted again and again and its rows are still not in the ledger. Look at the warehouse.',
  ROW_INVALID: 'An event decodes but cannot be a row (id, time, amount or count out of range). See its dead letter.',
} as const;
