import type { Metrics } from '@weir/telemetry';
import type { InsertTable } from '@weir/warehouse';

/** What the loader counts. */
export interface LoaderMetrics {
  loaded(table: InsertTable, rows: number, seconds: number): void;
  repeated(table: InsertTable, count: number): void;
  deadLettered(code: string): void;
  retried(table: InsertTable, code: string): void;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createLoaderMetrics(metrics: Metrics): LoaderMetrics {
  const rows = metrics.counter('weir_loader_rows_total', 'Rows inserted.', ['table']);
  const repeats = metrics.counter('weir_loader_repeated_total', 'Repeated events left out.', ['table']);
  const dead = metrics.counter('weir_loader_dead_letters_total', 'Records given up, by error code.', ['code']);
  const retries = metrics.counter('weir_loader_insert_retries_total', 'Inserts tried again.', ['table', 'code']);
  const duration = metrics.histogram('weir_loader_insert_seconds', 'Time of an insert.', SECONDS, ['table']);
  return {
    loaded(table, count, seconds) {
      rows.inc({ table }, count);
      duration.observe(seconds, { table });
    },
    repeated: (table, count) => repeats.inc({ table }, count),
    deadLettered: (code) => dead.inc({ code }),
    retried: (table, code) => retries.inc({ table, code }),
  };
}
