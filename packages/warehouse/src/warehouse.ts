/**
 * The warehouse: ClickHouse, behind one port with two drivers (chDB in process, `@clickhouse/client` over HTTP).
 *
 * Guarantees every driver gives, proved by the contract suite in `testing/`:
 *  W1  A batch inserted twice under one token lands once, in the table and in every rollup (I3).
 *  W2  `insert` resolves only when the rows and every rollup's share of them are written; a failed insert may have
 *      landed in part, and the same batch under the same token completes it.
 *  W3  Decimals and 64-bit integers leave as JSON strings, never as numbers (I4).
 *  W4  `readonly` is enforced by the engine, not by reading the SQL.
 */
export interface Warehouse {
  /** Brings the database up to date; idempotent, forward only. Returns the migrations that this call applied. */
  migrate(): Promise<readonly AppliedMigration[]>;
  /**
   * Inserts exactly the given rows under the batch's deduplication token, as one block.
   * @throws WeirError `WAREHOUSE_*`; when `retriable`, repeat the identical batch until it resolves (W2).
   */
  insert(batch: InsertBatch): Promise<InsertResult>;
  /** Runs one SELECT (or SHOW, DESCRIBE, EXISTS, EXPLAIN) and holds its result. @throws WeirError `WAREHOUSE_*`. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  /**
   * As `query`, as a stream of bytes in `format` (Parquet too); memory stays bounded whatever the size of the result.
   * Ending the iteration early cancels the query.
   */
  stream(sql: string, options?: QueryOptions): AsyncIterable<Uint8Array>;
  /** Runs one statement without a result: DDL, maintenance, INSERT … SELECT. @throws WeirError `WAREHOUSE_*`. */
  execute(statement: string, options?: ExecuteOptions): Promise<void>;
  /** Resolves when the engine answers. @throws WeirError `WAREHOUSE_UNAVAILABLE`. */
  ping(): Promise<void>;
  /** Finishes what was accepted, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/** Tables that take rows from outside; the rollups fill themselves. */
export type InsertTable =
  | 'requests'
  | 'payloads'
  | 'anomalies'
  | 'budget_states'
  | 'alert_actions'
  | 'cost_adjustments'
  | 'price_rates'
  | 'repricing_prices'
  | 'repricing_templates'
  | 'rollup_seals'
  | 'ingest_batches'
  | 'dead_letters';

export interface InsertBatch {
  readonly table: InsertTable;
  /**
   * Names the content: the same token must always come with the same rows, e.g. `weir.costs/3/1200-1299`.
   * A repeat of a token within the table's window (100,000 inserts) is ignored.
   */
  readonly token: string;
  readonly rows: AvroRows | JsonRows;
}

/**
 * Records of one log partition, passed on undecoded: `requests`, `anomalies`, `budget_states`, `alert_actions`, `dead_letters`.
 * Fields become the columns of the same name; `partition` and `offsets` become `kafka_partition`, `kafka_offset`.
 */
export interface AvroRows {
  readonly kind: 'avro';
  /** The writer's schema of every body: one schema per batch. */
  readonly schema: object;
  /** Avro bodies without the 10-byte (or Confluent 5-byte) frame, in offset order. */
  readonly bodies: readonly Uint8Array[];
  readonly partition: number;
  /** One per body, rising. */
  readonly offsets: readonly number[];
}

/** Rows by column name. Decimals as decimal text, 64-bit integers as text, timestamps as `2026-11-24 15:00:00.000`. */
export interface JsonRows {
  readonly kind: 'json';
  readonly values: readonly Readonly<Record<string, unknown>>[];
}

export interface InsertResult {
  /** Rows handed in; the same when the engine ignored them as a repeat. */
  readonly rows: number;
  /** Bytes sent to the engine. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface QueryOptions {
  /** Values of `{name:Type}` placeholders, bound by the engine, never by text. */
  readonly params?: Readonly<Record<string, QueryParam>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** A ClickHouse output format. Default `JSONEachRow`. */
  readonly format?: string;
  /** Refuse everything that writes, or reads outside the database (`readonly=2` and no table functions). */
  readonly readonly?: boolean;
  readonly signal?: AbortSignal;
}

/** Decimals, 64-bit integers and timestamps as text. */
export type QueryParam = string | number | bigint | boolean | null | readonly QueryParam[];

export interface QueryResult {
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  text(): string;
  /**
   * The rows of a `JSONEachRow` result; the caller names the shape of its own SELECT.
   * @throws WeirError `WAREHOUSE_FORMAT` for any other format.
   */
  rows<Row>(): Row[];
}

export interface ExecuteOptions {
  readonly params?: Readonly<Record<string, QueryParam>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
}

export interface AppliedMigration {
  /** 1, 2, 3 … */
  readonly version: number;
  /** The file name without number and extension. */
  readonly name: string;
  /** SHA-256 of the template, hex. */
  readonly checksum: string;
}
