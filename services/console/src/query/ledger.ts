import type { Warehouse } from '@weir/warehouse';
import type { Gate } from './gate.ts';
import type { Row, Statement } from './statement.ts';

const QUERY_SECONDS_MAX = 30;

/** The read side of the warehouse as the console uses it. */
export interface Ledger {
  /** Rows of one statement. `purpose` marks it in the engine's query log. @throws WeirError `WAREHOUSE_*`, `CONSOLE_BUSY`. */
  rows(statement: Statement, purpose: string, signal: AbortSignal): Promise<readonly Row[]>;
}

/** Runs read-only statements, each within 30 s and only a few at a time. */
export function createLedger(warehouse: Pick<Warehouse, 'query'>, gate: Gate): Ledger {
  return {
    rows: (statement, purpose, signal) =>
      gate.run(signal, async () => {
        const result = await warehouse.query(statement.sql, {
          params: statement.params,
          settings: { max_execution_time: QUERY_SECONDS_MAX, log_comment: `console ${purpose}` },
          readonly: true,
          signal,
        });
        return result.rows<Row>();
      }),
  };
}
