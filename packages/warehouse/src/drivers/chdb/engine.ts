import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/kernel';
import { Session } from 'chdb';
import { Gate } from '../../gate.ts';
import type { QueryParam } from '../../warehouse.ts';
import { chdbError } from './chdb-errors.ts';
import type { EngineFiles } from './engine-files.ts';
import { literal, parameterText, type Role, sessionPrelude } from './session-prelude.ts';
import { insertFromFile, type StatementFacts, statementFacts } from './statement-facts.ts';

export interface EngineStatement {
  readonly sql: string;
  readonly role: Role;
  /** Used when the statement names none itself. */
  readonly format: string;
  readonly params?: Readonly<Record<string, QueryParam>>;
  /** As `params`, for callers that have the engine's text form already (the HTTP interface). */
  readonly parameterTexts?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Where unqualified names are looked up. Default: the warehouse's own database. */
  readonly database?: string;
  /** What `describe` said of this very `sql`; saves asking the parser twice. */
  readonly described?: object;
  readonly signal?: AbortSignal;
}

export interface EngineResult {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
}

export interface EngineOptions {
  readonly files: EngineFiles;
  readonly database: string;
  /** Native calls at a time. Reads and inserts together must stay below the libuv pool, or nothing can be cancelled. */
  readonly reads: number;
  readonly inserts: number;
}

interface Open {
  readonly session: Session;
  readonly tag: string;
  /** Undefined for the owner's statements: they are Weir's own, and only a stream needs to know what they are. */
  readonly facts: StatementFacts | undefined;
}

const READING = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'EXPLAIN', 'EXISTS']);
const WRITING = new Set([...READING, 'INSERT', 'CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'OPTIMIZE']);
/** Formats without head and tail: the chunks of a streamed result are the result. */
const CHUNKED = new Set(
  'JSONEachRow JSONLines NDJSON JSONStringsEachRow JSONCompactEachRow JSONCompactStringsEachRow TabSeparated TSV TabSeparatedRaw TSVRaw CSV Native RowBinary'.split(
    ' ',
  ),
);
const QUEUE = 256;
const KILL_AGAIN_MS = 250;
const FILE_CHUNK_BYTES = 256 * 1024;

/**
 * The embedded ClickHouse engine: one per process and directory. Every statement gets a session of its own (0.3 ms), so
 * that settings, parameters and role of one never reach another, and statements run in parallel.
 */
export class ChdbEngine {
  readonly #options: EngineOptions;
  readonly #anchor: Session;
  readonly #reads: Gate;
  readonly #inserts: Gate;
  /** Facts that came from the parser: nobody else can make a statement look harmless. */
  readonly #described = new WeakMap<object, { readonly sql: string; readonly facts: StatementFacts }>();
  #active = 0;
  #idle: (() => void) | undefined;
  #closed = false;

  private constructor(options: EngineOptions, anchor: Session) {
    this.#options = options;
    this.#anchor = anchor;
    this.#reads = new Gate(options.reads, QUEUE);
    this.#inserts = new Gate(options.inserts, QUEUE);
  }

  static async open(options: EngineOptions): Promise<ChdbEngine> {
    const anchor = newSession(options);
    await anchor.queryAsync(`SET ROLE weir_owner; CREATE DATABASE IF NOT EXISTS ${options.database}`);
    return new ChdbEngine(options, anchor);
  }

  /** Runs one statement and holds its result. @throws WeirError `WAREHOUSE_*`. */
  run(statement: EngineStatement): Promise<EngineResult> {
    return this.#reads.run(() =>
      this.#withSession(statement, async ({ session }) => answer(session, statement.sql, statement.format)),
    );
  }

  /**
   * Inserts the rows of `body`, which pass through a file: bytes inside a statement would be taken for text.
   * `fromFile` names the file in the statement; by default `sql` is `INSERT … FORMAT X`. @throws WeirError `WAREHOUSE_*`.
   */
  insert(
    statement: EngineStatement,
    body: Uint8Array,
    fromFile: (pathLiteral: string) => string = (path) => insertFromFile(statement.sql, path),
  ): Promise<EngineResult> {
    return this.#inserts.run(async () => {
      const path = this.#temporaryPath();
      try {
        await writeFile(path, body);
        return await this.#withSession(statement, ({ session }) => answer(session, fromFile(literal(path)), 'Null'));
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  /** Streams a result; formats that have a head and a tail pass through a file. @throws WeirError `WAREHOUSE_*`. */
  async *stream(statement: EngineStatement): AsyncGenerator<Uint8Array> {
    const open = await this.#reads.run(() => this.#open(statement));
    const settle = this.#killOnAbort(statement.signal, open.tag);
    try {
      const facts = open.facts ?? (await this.describe(statement.sql));
      const format = facts.format ?? statement.format;
      const selects = facts.verb === 'SELECT' || facts.verb === 'WITH';
      if (selects && CHUNKED.has(format)) yield* this.#chunks(open.session, statement.sql, format);
      else if (selects && facts.format === undefined) yield* this.#throughFile(open.session, facts.normalised, format);
      else yield (await this.#reads.run(() => answer(open.session, statement.sql, format))).bytes;
    } catch (error) {
      throw statement.signal?.aborted === true ? cancelled(error) : chdbError(error);
    } finally {
      settle();
      this.#release(open.session);
    }
  }

  /** What the statement is, by the engine's parser. @throws WeirError `WAREHOUSE_QUERY` for what is not one statement. */
  async describe(sql: string): Promise<StatementFacts> {
    const facts = statementFacts(await normalise(this.#anchor, sql));
    this.#described.set(facts, { sql, facts });
    return facts;
  }

  /** Waits for what runs, then lets the directory go. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#anchor.close();
  }

  async #withSession<Result>(statement: EngineStatement, work: (open: Open) => Promise<Result>): Promise<Result> {
    const open = await this.#open(statement);
    const settle = this.#killOnAbort(statement.signal, open.tag);
    try {
      if (statement.signal?.aborted === true) throw cancelled(statement.signal.reason);
      return await work(open);
    } catch (error) {
      throw statement.signal?.aborted === true ? cancelled(error) : chdbError(error);
    } finally {
      settle();
      this.#release(open.session);
    }
  }

  /** A session in the statement's role, once the statement has been found to be within it. */
  async #open(statement: EngineStatement): Promise<Open> {
    if (this.#closed) throw new WeirError('WAREHOUSE_CLOSED', 'the warehouse is closed');
    if (statement.signal?.aborted === true) throw cancelled(statement.signal.reason);
    const tag = `weir:${randomUUID()}`;
    const session = newSession(this.#options);
    this.#active += 1;
    try {
      const settings = { ...statement.settings };
      const comment = settings['log_comment'] ?? '';
      const texts = Object.entries(statement.params ?? {}).map(([name, value]) => [name, parameterText(value)]);
      const prelude = sessionPrelude({
        role: statement.role,
        database: statement.database ?? this.#options.database,
        settings: { ...settings, log_comment: `${comment} ${tag}`.trim() },
        parameters: { ...statement.parameterTexts, ...Object.fromEntries(texts) },
      });
      await session.queryAsync(prelude, { format: 'Null' });
      if (statement.role === 'owner') return { session, tag, facts: undefined };
      const { described, sql } = statement;
      const known = described === undefined ? undefined : this.#described.get(described);
      const facts = known?.sql === sql ? known.facts : await this.describe(sql);
      requireWithin(facts, statement.role === 'reader' ? READING : WRITING);
      return { session, tag, facts };
    } catch (error) {
      this.#release(session);
      throw chdbError(error);
    }
  }

  async *#chunks(session: Session, sql: string, format: string): AsyncGenerator<Uint8Array> {
    const chunks = session.queryStream(sql, { format })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#reads.run(() => chunks.next());
        if (next.done === true) return;
        yield next.value.raw();
      }
    } finally {
      await chunks.return?.();
    }
  }

  async *#throughFile(session: Session, normalised: string, format: string): AsyncGenerator<Uint8Array> {
    const path = this.#temporaryPath();
    try {
      const sql = `${normalised} INTO OUTFILE ${literal(path)} COMPRESSION 'none' FORMAT ${format}`;
      await this.#reads.run(() => answer(session, sql, format));
      for await (const chunk of createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES })) yield chunk;
    } finally {
      await rm(path, { force: true });
    }
  }

  #release(session: Session): void {
    session.close();
    this.#active -= 1;
    if (this.#active === 0) this.#idle?.();
  }

  /**
   * A native call cannot be interrupted, but the engine ends a query it is told to kill. Told again and again, since the
   * query may not have started yet. Returns what ends the watch.
   */
  #killOnAbort(signal: AbortSignal | undefined, tag: string): () => void {
    let timer: NodeJS.Timeout | undefined;
    const sql = `KILL QUERY WHERE endsWith(Settings['log_comment'], ${literal(tag)}) ASYNC`;
    // A kill that fails is repeated by the timer.
    const kill = (): void => void this.#anchor.queryAsync(sql, { format: 'Null' }).catch(() => undefined);
    const start = (): void => {
      kill();
      timer = setInterval(kill, KILL_AGAIN_MS);
    };
    signal?.addEventListener('abort', start, { once: true });
    return () => {
      signal?.removeEventListener('abort', start);
      clearInterval(timer);
    };
  }

  #temporaryPath(): string {
    return join(this.#options.files.temporary, `${randomUUID()}.bin`);
  }
}

const newSession = (options: EngineOptions): Session =>
  new Session(options.files.data, { connectionArgs: [`--config-file=${options.files.config}`] });

async function answer(session: Session, sql: string, format: string): Promise<EngineResult> {
  const result = await session.queryAsync(sql, { format });
  return {
    bytes: result.bytes(),
    rowsRead: result.rowsRead,
    bytesRead: result.bytesRead,
    elapsedMs: result.elapsed * 1000,
  };
}

async function normalise(session: Session, sql: string): Promise<string> {
  try {
    const result = await session.queryAsync(`SELECT formatQuerySingleLine(${literal(sql)})`, { format: 'RawBLOB' });
    return result.text();
  } catch (error) {
    const typed = chdbError(error);
    const [message = typed.message] = typed.message.split(': In scope SELECT formatQuerySingleLine(');
    throw new WeirError(typed.code, message, { cause: error, details: { ...typed.details } });
  }
}

function requireWithin(facts: StatementFacts, verbs: ReadonlySet<string>): void {
  if (!verbs.has(facts.verb)) {
    throw outside(164, `${facts.verb} is not allowed here`);
  }
  if (facts.escape !== undefined) throw outside(497, `${facts.escape} reaches outside the database`);
}

const outside = (clickhouseCode: number, reason: string): WeirError =>
  new WeirError('WAREHOUSE_READONLY', `Code: ${clickhouseCode}. DB::Exception: ${reason}`, {
    details: { clickhouseCode },
  });

const cancelled = (cause: unknown): WeirError =>
  new WeirError('WAREHOUSE_CANCELLED', 'the statement was cancelled', { cause, details: { clickhouseCode: 394 } });
