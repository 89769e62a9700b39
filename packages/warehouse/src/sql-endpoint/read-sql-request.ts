import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { sqlError } from './sql-exception.ts';

export interface SqlRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly user: string;
  readonly password: string;
  readonly body: Buffer;
  /** The format of answers to statements that name none. */
  readonly defaultFormat: string;
  readonly database: string | undefined;
  readonly queryId: string | undefined;
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Reads a request of the ClickHouse HTTP interface. @throws WeirError (516, 48, 62) with the ClickHouse number. */
export async function readSqlRequest(request: IncomingMessage, maxBodyBytes: number): Promise<SqlRequest> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const parameters = url.searchParams;
  if (parameters.get('compress') === '1' || parameters.get('decompress') === '1') {
    throw sqlError(48, 'native compression (compress=1, decompress=1) is not supported: use Accept-Encoding');
  }
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const [basicUser, basicPassword] = basicCredentials(header('authorization'));
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    parameters,
    user: header('x-clickhouse-user') ?? basicUser ?? parameters.get('user') ?? 'default',
    password: header('x-clickhouse-key') ?? basicPassword ?? parameters.get('password') ?? '',
    body: await readBody(request, header('content-encoding'), maxBodyBytes),
    defaultFormat: parameters.get('default_format') ?? header('x-clickhouse-format') ?? 'TabSeparated',
    database: parameters.get('database') ?? header('x-clickhouse-database'),
    queryId: parameters.get('query_id') ?? undefined,
  };
}

function basicCredentials(authorization: string | undefined): readonly [string?, string?] {
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

async function readBody(request: IncomingMessage, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const decoder = decodeStream(encoding);
  const source: Readable =
    decoder === undefined ? request : request.on('error', (e) => decoder.destroy(e)).pipe(decoder);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw sqlError(229, `the request body passes the limit of ${maxBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw decoder === undefined || size > maxBytes ? error : sqlError(27, `the body is not ${encoding}`);
  }
  return Buffer.concat(chunks);
}

function decodeStream(encoding: string | undefined): Transform | undefined {
  if (encoding === undefined || encoding === 'identity') return undefined;
  const make = decoders[encoding];
  if (make === undefined) throw sqlError(48, `Unknown compression method: ${encoding}`);
  return make();
}
