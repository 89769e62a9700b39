import http, { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface Peer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A provider that speaks HTTP as Node does. */
export function startUpstream(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Peer> {
  const server = http.createServer(handle);
  return listen(server, () => server.closeAllConnections());
}

/** A provider of which the test writes every byte. `onRequest` runs once per connection, with its first bytes. */
export function startRawUpstream(onRequest: (socket: Socket, first: Buffer) => void): Promise<Peer> {
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (first: Buffer) => onRequest(socket, first));
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

function listen(server: net.Server, closeConnections: () => void): Promise<Peer> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const stop = (): Promise<void> =>
        new Promise((stopped) => {
          server.close(() => stopped());
          closeConnections();
        });
      resolve({ url: `http://127.0.0.1:${port}`, port, stop });
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Buffer;
  /** False when the connection closed before the end of the body. */
  readonly whole: boolean;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly onInformation?: (status: number) => void;
}

/** One HTTP call on a connection of its own; rejects only when no answer began. */
export function call(url: string, options: CallOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      agent: false,
    });
    request.on('information', ({ statusCode }) => options.onInformation?.(statusCode));
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined);
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? '',
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          trailers: response.trailers,
          body: Buffer.concat(chunks),
          whole: response.complete,
        }),
      );
    });
    request.end(options.body);
  });
}

/** Reads a request body whole. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}
