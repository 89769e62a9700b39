import { randomBytes, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import type { SqlRequest } from './read-sql-request.ts';
import type { SqlEngine, SqlFacts, SqlStatement } from './sql-engine.ts';
import { sqlError, sqlException } from './sql-exception.ts';
import { type SqlLimits, settingsOf } from './sql-settings.ts';

export interface AnswerContext {
  readonly engine: SqlEngine;
  readonly readOnly: boolean;
  readonly limits: SqlLimits;
  /** As the engine reports them. */
  readonly version: string;
  readonly timeZone: string;
}

const READS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'EXPLAIN', 'EXISTS']);
const compressors: Readonly<Record<string, () => Transform>> = {
  zstd: createZstdCompress,
  br: createBrotliCompress,
  gzip: createGzip,
  deflate: createDeflate,
};
const JSON_LINES = /^(JSON\w*EachRow|JSONLines|NDJSON)/;

/** Runs the statement of a request and writes the answer. @throws before the first byte only. */
export async function answerSql(
  request: SqlRequest,
  response: ServerResponse,
  acceptEncoding: string,
  context: AnswerContext,
  signal: AbortSignal,
): Promise<void> {
  const { engine } = context;
  const { sql, data, facts } = await statementOf(request, engine);
  const role = roleOf(request, facts, context.readOnly);
  const format = facts.format ?? request.defaultFormat;
  const statement: SqlStatement = {
    sql,
    role,
    format: request.defaultFormat,
    parameterTexts: boundTexts(request.parameters),
    settings: settingsOf(request.parameters, role, context.limits),
    signal,
    // Clients name `default` when they mean "none in particular".
    ...(request.database === undefined || request.database === 'default' ? {} : { database: request.database }),
  };
  const tag = randomBytes(8).toString('hex');
  const headers = answerHeaders(request, format, tag, context);
  if (!READS.has(facts.verb)) {
    if (data === undefined) await engine.run({ ...statement, format: 'Null' });
    else await engine.insert(statement, data);
    response.writeHead(200, headers).end();
    return;
  }
  const chunks = engine.stream({ ...statement, described: facts });
  const first = await chunks.next();
  const compressor = compressorFor(request, acceptEncoding);
  if (compressor !== undefined) headers['Content-Encoding'] = compressor.encoding;
  response.writeHead(200, headers);
  const body = Readable.from(withTrailingException(first, chunks, tag, context.version), { objectMode: false });
  await (compressor === undefined ? pipeline(body, response) : pipeline(body, compressor.make(), response));
}

interface Received {
  readonly sql: string;
  readonly data: Buffer | undefined;
  readonly facts: SqlFacts;
}

/** The statement is the `query` parameter followed by the body; behind an INSERT in the URL the body is its rows. */
async function statementOf(request: SqlRequest, engine: SqlEngine): Promise<Received> {
  const inUrl = request.parameters.get('query') ?? '';
  if (inUrl !== '' && request.body.length > 0 && /^\s*INSERT\b/i.test(inUrl)) {
    const facts = await engine.describe(inUrl);
    if (facts.takesRows) return { sql: inUrl, data: request.body, facts };
  }
  const sql = [inUrl, request.body.toString()].filter((part) => part !== '').join('\n');
  if (sql.trim() === '') throw sqlError(62, 'Syntax error: empty query');
  return { sql, data: undefined, facts: await engine.describe(sql) };
}

/** GET never writes, and a client may ask to be held to reading. */
function roleOf(request: SqlRequest, facts: SqlFacts, readOnly: boolean): 'reader' | 'writer' {
  const asked = request.parameters.get('readonly') ?? '0';
  return readOnly || request.method !== 'POST' || asked !== '0' || READS.has(facts.verb) ? 'reader' : 'writer';
}

function boundTexts(parameters: URLSearchParams): Record<string, string> {
  const bound: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (name.startsWith('param_')) bound[name.slice('param_'.length)] = value;
  }
  return bound;
}

function answerHeaders(
  request: SqlRequest,
  format: string,
  tag: string,
  context: AnswerContext,
): Record<string, string> {
  return {
    'Content-Type': contentType(format),
    'X-ClickHouse-Query-Id': request.queryId ?? randomUUID(),
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Timezone': context.timeZone,
    'X-ClickHouse-Server-Display-Name': 'weir',
    'X-ClickHouse-Exception-Tag': tag,
    // The counts are not known before the first byte leaves; ClickHouse sends zeros then, too.
    'X-ClickHouse-Summary': JSON.stringify({
      read_rows: '0',
      read_bytes: '0',
      written_rows: '0',
      written_bytes: '0',
      total_rows_to_read: '0',
      result_rows: '0',
      result_bytes: '0',
      elapsed_ns: '0',
    }),
  };
}

function contentType(format: string): string {
  if (JSON_LINES.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('TabSeparated') || format.startsWith('TSV')) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=absent';
  return /^(Native|RowBinary|Parquet|Arrow|ORC|Avro)/.test(format)
    ? 'application/octet-stream'
    : 'text/plain; charset=UTF-8';
}

function compressorFor(request: SqlRequest, acceptEncoding: string) {
  if (request.parameters.get('enable_http_compression') !== '1') return undefined;
  const accepted = new Set(acceptEncoding.split(',').map((part) => (part.split(';')[0] ?? '').trim()));
  const found = Object.entries(compressors).find(([encoding]) => accepted.has(encoding));
  return found === undefined ? undefined : { encoding: found[0], make: found[1] };
}

/** A failure behind the first byte is written as ClickHouse 25.11 and later write it, which the clients understand. */
async function* withTrailingException(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
  tag: string,
  version: string,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } catch (error) {
    const message = sqlException(error, version).text;
    const frame = `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`;
    yield Buffer.from(frame);
  }
}
