import { Readable } from 'node:stream';
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { errorMessage, WeirError } from '@weir/kernel';
import { clickHouseError } from '../../clickhouse-errors.ts';
import { applyMigrations } from '../../migrations/migrate.ts';
import { readMigrations } from '../../migrations/read-migrations.ts';
import type { Deployment } from '../../migrations/render.ts';
import { checkBatch } from '../../rows/check-batch.ts';
import { insertStatement } from '../../rows/insert-statement.ts';
import { queryResult } from '../../rows/query-result.ts';
import type {
  ExecuteOptions,
  InsertBatch,
  InsertResult,
  QueryOptions,
  QueryResult,
  Warehouse,
} from '../../warehouse.ts';
import { trailingException } from './trailing-exception.ts';

export interface HttpWarehouseOptions {
  /** `http(s)://host:8123`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Default `weir`. */
  readonly database?: string;
  /** How tables are made. Default: one server. */
  readonly deployment?: Deployment;
  /** A request without an answer for this long has failed. Default 120 s. */
  readonly timeoutMs?: number;
  /** Default 16. */
  readonly maxConnections?: number;
  /** Where the migrations are. Default: infra/clickhouse/migrations of this repository. */
  readonly migrationsDirectory?: string;
}

type Settings = Record<string, string | number>;
type Client = ReturnType<typeof createClient>;

const TIMEOUT_MS = 120_000;
const CONNECTIONS = 16;
/** Money and 64-bit counts leave as text (W3). */
const TEXT_NUMBERS = { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 };
/** Wait for replicas and mutations: a migration that returns has happened everywhere. */
const DDL_SETTINGS = { alter_sync: 2, mutations_sync: 2 };

/** A warehouse on a ClickHouse server (26.2 or later) through its HTTP interface. Connects with the first statement. */
export function openHttpWarehouse(options: HttpWarehouseOptions): Warehouse {
  const database = options.database ?? 'weir';
  const client = createClient({
    url: options.url,
    username: options.username ?? 'default',
    password: options.password ?? '',
    request_timeout: options.timeoutMs ?? TIMEOUT_MS,
    max_open_connections: options.maxConnections ?? CONNECTIONS,
    application: 'weir',
    // Every failure is thrown to the caller, who has a logger.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const query = (sql: string, given: QueryOptions = {}): Promise<QueryResult> => hold(client, sql, given);
  const execute = async (sql: string, given: ExecuteOptions = {}): Promise<void> => {
    await hold(client, sql, { ...given, settings: { ...DDL_SETTINGS, ...given.settings }, format: 'Null' });
  };
  return {
    query,
    execute,
    stream: (sql, given = {}) => stream(client, sql, given),
    insert: (batch) => insert(client, database, batch),
    async migrate() {
      const migrations = await readMigrations(options.migrationsDirectory);
      const deployment = options.deployment ?? { mode: 'single' };
      return applyMigrations({ query, execute }, { migrations, database, deployment });
    },
    async ping() {
      const answer = await client.ping({ select: true });
      if (!answer.success) throw httpError(answer.error, undefined);
    },
    close: () => client.close(),
  };
}

async function hold(client: Client, sql: string, options: QueryOptions): Promise<QueryResult> {
  const started = performance.now();
  const format = options.format ?? 'JSONEachRow';
  try {
    // The whole answer waits on the server, so that a failure has its own status instead of a cut body.
    const result = await client.exec(request(sql, options, { wait_end_of_query: 1 }));
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.stream) chunks.push(chunk as Uint8Array);
    const summary = result.summary;
    return queryResult({
      format,
      bytes: Buffer.concat(chunks),
      rowsRead: Number(summary?.read_rows ?? 0),
      bytesRead: Number(summary?.read_bytes ?? 0),
      elapsedMs: performance.now() - started,
    });
  } catch (error) {
    throw httpError(error, options.signal);
  }
}

async function* stream(client: Client, sql: string, options: QueryOptions): AsyncGenerator<Uint8Array> {
  try {
    const result = await client.exec(request(sql, options, {}));
    yield* trailingException(result.stream, result.response_headers['x-clickhouse-exception-tag']);
  } catch (error) {
    throw httpError(error, options.signal);
  }
}

async function insert(client: Client, database: string, batch: InsertBatch): Promise<InsertResult> {
  const rows = checkBatch(batch);
  const started = performance.now();
  const { into, settings, format, body } = insertStatement(batch, database);
  try {
    const result = await client.exec({
      query: `${into} FORMAT ${format}`,
      values: Readable.from([body], { objectMode: false }),
      clickhouse_settings: { ...settings, wait_end_of_query: 1 },
    });
    result.stream.resume();
  } catch (error) {
    throw httpError(error, undefined);
  }
  return { rows, bytes: body.length, elapsedMs: performance.now() - started };
}

function request(sql: string, options: QueryOptions, extra: Settings): Parameters<Client['exec']>[0] {
  const settings: Settings = {
    ...TEXT_NUMBERS,
    ...options.settings,
    ...extra,
    default_format: options.format ?? 'JSONEachRow',
    ...(options.readonly === true ? { readonly: 1 } : {}),
  };
  return {
    query: sql,
    clickhouse_settings: settings,
    ...(options.params === undefined ? {} : { query_params: options.params }),
    ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
  };
}

/** The server's own exceptions by their number; anything else is the way to it, and worth another try. */
function httpError(error: unknown, signal: AbortSignal | undefined): WeirError {
  if (WeirError.is(error)) return error;
  if (signal?.aborted === true) {
    return new WeirError('WAREHOUSE_CANCELLED', 'the statement was cancelled', { cause: error });
  }
  if (error instanceof ClickHouseError) return clickHouseError(Number(error.code), error.message, error);
  return new WeirError('WAREHOUSE_UNAVAILABLE', `ClickHouse does not answer: ${errorMessage(error)}`, {
    retriable: true,
    cause: error,
  });
}
