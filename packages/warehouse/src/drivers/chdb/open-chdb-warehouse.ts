import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { errorCode, errorMessage, WeirError } from '@weir/kernel';
import { applyMigrations } from '../../migrations/migrate.ts';
import { readMigrations } from '../../migrations/read-migrations.ts';
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
import { ChdbEngine, type EngineStatement } from './engine.ts';
import { type EngineFiles, emptyTemporary, layOutEngineFiles } from './engine-files.ts';

export interface ChdbWarehouseOptions {
  /** Holds the engine's data, its configuration and its temporary files; made when absent. */
  readonly directory: string;
  /** Default `weir`. */
  readonly database?: string;
  /** Bytes the engine may use. Default: a quarter of the machine, at least 1 GiB, at most 8 GiB. */
  readonly memoryBytes?: number;
  /** Statements that read at a time; more wait, 256 at most. Default: half of the libuv pool (UV_THREADPOOL_SIZE). */
  readonly reads?: number;
  /** Inserts at a time. Default: a quarter of the libuv pool. */
  readonly inserts?: number;
  /** Where the migrations are. Default: infra/clickhouse/migrations of this repository. */
  readonly migrationsDirectory?: string;
}

/** The port, and the engine itself for the SQL endpoint. */
export interface ChdbWarehouse extends Warehouse {
  readonly engine: ChdbEngine;
}

const GIB = 1024 ** 3;
const LIBUV_THREADS = 4;
/** Money and 64-bit counts leave as text (W3). */
const TEXT_NUMBERS = { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 };
/** INSERT … SELECT deduplicates by token only when told to, and reads in small blocks by default. */
const SELECT_AS_ONE_BLOCK = {
  deduplicate_insert_select: 'force_enable',
  insert_select_deduplicate: 1,
  max_block_size: 1_048_449,
  max_threads: 1,
};
/** The engine itself allows several openings by one process; two owners of one directory would be a fault. */
const held = new Set<string>();

/**
 * Opens the ClickHouse engine inside this process on a directory that no other process may hold.
 * @throws WeirError `WAREHOUSE_LOCKED` naming the process that holds it, `WAREHOUSE_UNAVAILABLE`.
 */
export async function openChdbWarehouse(options: ChdbWarehouseOptions): Promise<ChdbWarehouse> {
  const directory = resolve(options.directory);
  const database = options.database ?? 'weir';
  if (held.has(directory)) throw locked(directory, process.pid);
  held.add(directory);
  try {
    const memoryBytes = options.memoryBytes ?? Math.min(8 * GIB, Math.max(GIB, Math.floor(totalmem() / 4)));
    const files = await layOutEngineFiles(directory, database, { memoryBytes, markCacheBytes: memoryBytes / 16 });
    const engine = await openEngine(files, database, options);
    await emptyTemporary(files);
    return createWarehouse(engine, database, options.migrationsDirectory, () => held.delete(directory));
  } catch (error) {
    held.delete(directory);
    throw error;
  }
}

async function openEngine(files: EngineFiles, database: string, options: ChdbWarehouseOptions): Promise<ChdbEngine> {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? LIBUV_THREADS);
  const reads = options.reads ?? Math.max(1, Math.floor(threads / 2));
  const inserts = options.inserts ?? Math.max(1, Math.floor(threads / 4));
  try {
    return await ChdbEngine.open({ files, database, reads, inserts });
  } catch (error) {
    // The engine locks a status file for its life and writes its pid into it; why it failed it tells stderr only.
    const pid = await holderOf(files);
    if (pid !== undefined && isAlive(pid)) throw locked(files.data, pid, error);
    throw new WeirError('WAREHOUSE_UNAVAILABLE', `cannot open the engine in ${files.data}: ${errorMessage(error)}`, {
      fix: 'See the engine’s words on stderr; another container may hold the directory.',
      cause: error,
    });
  }
}

async function holderOf(files: EngineFiles): Promise<number | undefined> {
  const status = await readFile(join(files.data, 'status'), 'utf8').catch(() => '');
  const pid = /^PID: (\d+)/m.exec(status)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function locked(directory: string, pid: number, cause?: unknown): WeirError {
  return new WeirError('WAREHOUSE_LOCKED', `${directory} is held by process ${pid}`, {
    fix: 'Stop that process, or give this one another directory.',
    cause,
    details: { pid },
  });
}

function createWarehouse(
  engine: ChdbEngine,
  database: string,
  migrationsDirectory: string | undefined,
  onClosed: () => void,
): ChdbWarehouse {
  const statement = (sql: string, options: QueryOptions): EngineStatement => ({
    sql,
    role: options.readonly === true ? 'reader' : 'owner',
    format: options.format ?? 'JSONEachRow',
    settings: { ...TEXT_NUMBERS, ...options.settings },
    ...(options.params === undefined ? {} : { params: options.params }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const query = async (sql: string, options: QueryOptions = {}): Promise<QueryResult> => {
    const result = await engine.run(statement(sql, options));
    return queryResult({ format: options.format ?? 'JSONEachRow', ...result });
  };
  const execute = async (sql: string, options: ExecuteOptions = {}): Promise<void> => {
    await engine.run({ ...statement(sql, options), format: 'Null' });
  };
  return {
    engine,
    query,
    execute,
    stream: (sql, options = {}) => engine.stream(statement(sql, options)),
    insert: (batch) => insert(engine, database, batch),
    async migrate() {
      const migrations = await readMigrations(migrationsDirectory);
      return applyMigrations({ query, execute }, { migrations, database, deployment: { mode: 'single' } });
    },
    async ping() {
      await query('SELECT 1');
    },
    async close() {
      await engine.close();
      onClosed();
    },
  };
}

async function insert(engine: ChdbEngine, database: string, batch: InsertBatch): Promise<InsertResult> {
  const rows = checkBatch(batch);
  const started = performance.now();
  const { into, columns, settings, format, body } = insertStatement(batch, database);
  const statement = { sql: `${into} FORMAT ${format}`, role: 'owner', format: 'Null' } as const;
  if (format === 'JSONEachRow') await engine.insert({ ...statement, settings }, body);
  else {
    // A quarter less time than FROM INFILE: text becomes LowCardinality column by column, not value by value.
    const select = (path: string): string => `${into} SELECT ${columns} FROM file(${path}, 'Avro')`;
    await engine.insert({ ...statement, settings: { ...settings, ...SELECT_AS_ONE_BLOCK } }, body, select);
  }
  return { rows, bytes: body.length, elapsedMs: performance.now() - started };
}
