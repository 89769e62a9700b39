import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Started } from '@weir/kernel';
import { seededRandom } from '../replay/synthesis/seeded-random.ts';

/** What becomes of a request on its way to the server. */
export type ProxyFault =
  | { readonly kind: 'status'; readonly status: 500 | 503 | 403; readonly code: string }
  /** Passes so many bytes of the body on, then cuts both connections. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The server does it, but the answer is lost. */
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'delay'; readonly ms: number };

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** How many requests came before. */
  readonly number: number;
  /** From 0 to 1, from a seed: the same for the same sequence of requests. */
  readonly random: number;
}

export interface FaultProxy {
  readonly url: string;
  /** Decides about each request from now on; undefined lets it pass. */
  inject(decide: (request: ProxiedRequest) => ProxyFault | undefined): void;
  readonly counts: { requests: number; faults: number };
}

/** An HTTP proxy that breaks what it is told to. Headers pass unchanged, so signatures stay valid. */
export async function startFaultProxy(target: string, seed = 1): Promise<Started<FaultProxy>> {
  const random = seededRandom(String(seed));
  const counts = { requests: 0, faults: 0 };
  let decide: (request: ProxiedRequest) => ProxyFault | undefined = () => undefined;
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const fault = decide({ method, path, number: counts.requests, random: random.next() });
    counts.requests += 1;
    if (fault !== undefined) counts.faults += 1;
    handle(incoming, outgoing, target, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const value: FaultProxy = { url: `http://127.0.0.1:${port}`, inject: (next) => (decide = next), counts };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { value, stop };
}

function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
  fault: ProxyFault | undefined,
): void {
  incoming.on('error', () => undefined);
  outgoing.on('error', () => undefined);
  if (fault?.kind === 'status') {
    incoming.resume();
    incoming.on('end', () => refuse(outgoing, fault.status, fault.code));
    return;
  }
  if (fault?.kind === 'delay') {
    setTimeout(() => forward(incoming, outgoing, target, undefined), fault.ms);
    return;
  }
  forward(incoming, outgoing, target, fault);
}

function refuse(outgoing: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>injected</Message></Error>`;
  outgoing.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
  fault: ProxyFault | undefined,
): void {
  const { method, url: path = '/', headers } = incoming;
  const upstream = request(new URL(path, target), { method, headers, agent: false }, (answer) => {
    if (fault?.kind === 'lose-answer') {
      answer.resume();
      answer.on('end', () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => incoming.socket.destroy());
  let passed = 0;
  incoming.on('data', (chunk: Buffer) => {
    passed += chunk.length;
    if (fault?.kind !== 'cut' || passed < fault.afterBytes) {
      if (!upstream.write(chunk)) incoming.pause();
      return;
    }
    upstream.destroy();
    incoming.socket.destroy();
  });
  upstream.on('drain', () => incoming.resume());
  incoming.on('end', () => upstream.end());
  incoming.on('close', () => {
    if (!incoming.complete) upstream.destroy();
  });
}
