import { DuckDBInstance } from '@duckdb/node-api';

/** Rows of a DuckDB query, every value as text or null: money never becomes a number (I4). */
export async function duckdb(sql: string): Promise<Record<string, string | null>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const names = await connection.runAndReadAll(`DESCRIBE ${sql}`);
    const columns = names.getRows().map(([name]) => `"${String(name)}"::VARCHAR AS "${String(name)}"`);
    const reader = await connection.runAndReadAll(`SELECT ${columns.join(', ')} FROM (${sql})`);
    return reader.getRowObjects() as Record<string, string | null>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
