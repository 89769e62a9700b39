/** Every code this package throws, with what it means and what to do. */
export const WAREHOUSE_ERRORS = {
  WAREHOUSE_UNAVAILABLE:
    'The warehouse cannot be reached or is shutting down. Check its address, its log and its disk.',
  WAREHOUSE_TIMEOUT: 'The warehouse took longer than the limit. Ask for less, or raise the limit.',
  WAREHOUSE_OVERLOADED:
    'The warehouse is short of memory, threads or merges, or too many queries wait. Retry later; insert larger batches.',
  WAREHOUSE_DISK_FULL: 'The warehouse has no disk space left. Free some, or shorten the retention.',
  WAREHOUSE_DATA: 'The warehouse refused the rows. The schema of the batch does not fit the table; run `weir migrate`.',
  WAREHOUSE_QUERY: 'The statement is wrong: syntax, name, type or parameter. The message has the engine’s words.',
  WAREHOUSE_READONLY: 'The statement writes or reaches outside the database, which this connection may not do.',
  WAREHOUSE_AUTH: 'The warehouse refused the user or the password. Check the credentials.',
  WAREHOUSE_CANCELLED: 'The statement was cancelled by its caller.',
  WAREHOUSE_RESULT_TOO_LARGE: 'The result or the scan passed the limit. Add a filter or a LIMIT, or stream it.',
  WAREHOUSE_ENGINE: 'The engine failed in a way that Weir does not classify. The message has the engine’s words.',
  WAREHOUSE_BATCH:
    'The batch is malformed: empty, too long, or bodies and offsets differ in number. A fault in the caller.',
  WAREHOUSE_FORMAT: 'rows() was called on a result that is not JSONEachRow. Ask for that format.',
  WAREHOUSE_LOCKED: 'Another process holds the warehouse directory. Stop it, or use another directory.',
  WAREHOUSE_CLOSED: 'The warehouse was used after close(). A fault in the caller.',
  WAREHOUSE_TEMPLATE: 'A migration has an unknown placeholder, or the database or cluster name is not an identifier.',
  WAREHOUSE_MIGRATION_CHANGED:
    'A migration that was applied has other text now. Restore the file; put the change into a new migration.',
  WAREHOUSE_AUDIT: 'A rollup cannot be compared or rebuilt: a view feeds a table that the audit does not know.',
  WAREHOUSE_MIGRATION_GAP: 'The migration files are not numbered 1, 2, 3 … without gaps or repeats.',
} as const;
export type WarehouseErrorCode = keyof typeof WAREHOUSE_ERRORS;
