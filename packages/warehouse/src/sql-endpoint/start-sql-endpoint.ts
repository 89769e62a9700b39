import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorCode, type Started, WeirError } from '@weir/kernel';
import { Gate } from '../gate.ts';
import { type AnswerContext, answerSql } from './answer-sql.ts';
import { checkCredentials } from './check-credentials.ts';
import { readSqlRequest } from './read-sql-request.ts';
import type { SqlEngine } from './sql-engine.ts';
import { sqlException } from './sql-exception.ts';

export interface SqlEndpointOptions {
  readonly engine: SqlEngine;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Default true. With false, POST may insert, alter and drop in the warehouse's database, and nowhere else. */
  readonly readOnly?: boolean;
  /** Name to password. Without it `default` needs none. */
  readonly users?: Readonly<Record<string, string>>;
  /** Default 60. */
  readonly maxSeconds?: number;
  /** Default 2 GiB, before formatting. */
  readonly maxResultBytes?: number;
  /** Bytes of memory one statement may use. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
  /** Default 256 MiB when writes are allowed, else 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Statements at a time. Default 8. */
  readonly maxConcurrent?: number;
  /** Statements that wait for their turn; more are refused with 503. Default 32. */
  readonly maxWaiting?: number;
  /** Failures of the endpoint itself, not of statements. */
  readonly onError?: (error: unknown) => void;
}

const MIB = 1024 ** 2;
const HEADERS_MS = 10_000;
const REQUEST_MS = 120_000;
const STOP_MS = 5_000;

/**
 * Answers the ClickHouse HTTP interface over an embedded engine, well enough for ClickHouse's clients, curl and Grafana.
 * @throws Node's listen errors (`EADDRINUSE`), WeirError `WAREHOUSE_*` when the engine does not answer.
 */
export async function startSqlEndpoint(options: SqlEndpointOptions): Promise<Started<{ readonly url: string }>> {
  const context = await contextOf(options);
  const gate = new Gate(options.maxConcurrent ?? 8, options.maxWaiting ?? 32);
  const maxBodyBytes = options.maxBodyBytes ?? (context.readOnly ? MIB : 256 * MIB);
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, (request, response) => {
    serve(request, response, { context, gate, maxBodyBytes, users: options.users }).catch((error: unknown) => {
      response.destroy();
      if (!gone(error)) options.onError?.(error);
    });
  });
  const host = options.host ?? '127.0.0.1';
  await listen(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { value: { url }, stop: () => close(server) };
}

async function contextOf(options: SqlEndpointOptions): Promise<AnswerContext> {
  const answer = await options.engine.run({
    sql: 'SELECT version(), timezone()',
    role: 'reader',
    format: 'TSV',
    parameterTexts: {},
    settings: {},
    signal: new AbortController().signal,
  });
  const [version = '', timeZone = 'UTC'] = Buffer.from(answer.bytes).toString().trim().split('\t');
  const limits = {
    maxSeconds: options.maxSeconds ?? 60,
    maxResultBytes: options.maxResultBytes ?? 2048 * MIB,
    maxMemoryBytes: options.maxMemoryBytes ?? 1024 * MIB,
  };
  return { engine: options.engine, readOnly: options.readOnly ?? true, limits, version, timeZone };
}

interface ServeContext {
  readonly context: AnswerContext;
  readonly gate: Gate;
  readonly maxBodyBytes: number;
  readonly users: Readonly<Record<string, string>> | undefined;
}

async function serve(request: IncomingMessage, response: ServerResponse, serving: ServeContext): Promise<void> {
  const { context } = serving;
  if (answerHealth(request, response)) return;
  const abandoned = new AbortController();
  response.on('close', () => abandoned.abort());
  try {
    const read = await readSqlRequest(request, serving.maxBodyBytes);
    checkCredentials(read.user, read.password, serving.users);
    const acceptEncoding = String(request.headers['accept-encoding'] ?? '');
    await serving.gate.run(() => answerSql(read, response, acceptEncoding, context, abandoned.signal));
  } catch (error) {
    if (response.headersSent || abandoned.signal.aborted) throw error;
    const { code, status, text } = sqlException(error, context.version);
    response.writeHead(status, {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Exception-Code': String(code),
      'X-ClickHouse-Server-Display-Name': 'weir',
      'X-ClickHouse-Timezone': context.timeZone,
      ...(WeirError.is(error) && error.retriable ? { 'Retry-After': '1' } : {}),
      ...(request.complete ? {} : { Connection: 'close' }),
    });
    response.end(text);
  }
}

/** What load balancers and clients ask before they speak SQL. */
function answerHealth(request: IncomingMessage, response: ServerResponse): boolean {
  const path = new URL(request.url ?? '/', 'http://localhost');
  const plain = { 'Content-Type': 'text/html; charset=UTF-8', 'X-ClickHouse-Server-Display-Name': 'weir' };
  if (path.pathname === '/ping' || path.pathname === '/replicas_status') {
    response.writeHead(200, plain).end('Ok.\n');
    return true;
  }
  if (path.pathname !== '/') {
    response.writeHead(404, plain).end(`There is no handle ${path.pathname}\n`);
    return true;
  }
  if (request.method === 'POST') return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...plain, Allow: 'GET, HEAD, POST' }).end();
    return true;
  }
  if (path.searchParams.has('query')) return false;
  response.writeHead(200, plain).end('Ok.\n');
  return true;
}

const GONE = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'WAREHOUSE_CANCELLED', 'ABORT_ERR']);
const gone = (error: unknown): boolean => GONE.has(errorCode(error));

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Idle connections end now; statements that run may finish within a bound. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), STOP_MS);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
    server.closeIdleConnections();
  });
}
