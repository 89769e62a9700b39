import type { InsertBatch } from '../warehouse.ts';
import { encodeObjectContainer } from './object-container.ts';

/** An INSERT in three parts, so that each driver can put settings and data where its protocol wants them. */
export interface InsertStatement {
  /** `INSERT INTO db.table (columns)`. */
  readonly into: string;
  /** The quoted columns of an Avro body, in the order of its schema; empty for JSON. */
  readonly columns: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly format: 'Avro' | 'JSONEachRow';
  readonly body: Buffer;
}

const ONE_BLOCK = 1_048_449;

/** The INSERT of a checked batch. The same batch gives the same bytes. */
export function insertStatement(batch: InsertBatch, database: string): InsertStatement {
  const { rows } = batch;
  const settings = insertSettings(batch.token);
  if (rows.kind === 'json') {
    const text = rows.values.map(jsonOf).join('\n');
    const into = `INSERT INTO ${database}.${batch.table}`;
    return { into, columns: '', settings, format: 'JSONEachRow', body: Buffer.from(`${text}\n`) };
  }
  const { fields } = rows.schema as { readonly fields: readonly { readonly name: string }[] };
  const names = [...fields.map((field) => field.name), 'kafka_partition', 'kafka_offset'];
  const columns = names.map((name) => `\`${name}\``).join(', ');
  const into = `INSERT INTO ${database}.${batch.table} (${columns})`;
  return { into, columns, settings, format: 'Avro', body: encodeObjectContainer(rows) };
}

/** Deduplication everywhere and exactly one block: none of it is left to a version's defaults (warehouse.md §2.2). */
function insertSettings(token: string): Readonly<Record<string, string | number>> {
  return {
    async_insert: 0,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_block_size: ONE_BLOCK,
    min_insert_block_size_rows: ONE_BLOCK,
    min_insert_block_size_bytes: 0,
    max_insert_threads: 1,
    input_format_parallel_parsing: 0,
    input_format_skip_unknown_fields: 0,
    date_time_input_format: 'best_effort',
    // The offsets of one range can hold any span of event time.
    max_partitions_per_insert_block: 1000,
    // Merging inside the insert doubles its time; background merges do the same work later.
    optimize_on_insert: 0,
  };
}

/** A replacer makes writing three times as slow, and few rows hold a bigint. */
function jsonOf(row: object): string {
  return Object.values(row).some(
    (value) => typeof value === 'bigint' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
  )
    ? JSON.stringify(row, bigintAsText)
    : JSON.stringify(row);
}

const bigintAsText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
