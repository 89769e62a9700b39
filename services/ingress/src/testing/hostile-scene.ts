import type http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { promisify } from 'node:util';
import { waitFor } from '@weir/testkit';
import { type Peer, readBody, startRawUpstream, startUpstream } from './http-peers.ts';
import { startTestIngress, type TestIngress } from './test-ingress.ts';

/** What came to the provider. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Buffer;
}

export interface RawAnswer {
  /** Status of each answer on the connection, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
  /** True when Weir closed the connection. */
  readonly closed: boolean;
}

/** An ingress before a provider, both on real sockets, and a way to send it any bytes. */
export interface HostileScene extends TestIngress {
  readonly port: number;
  readonly providerHost: string;
  readonly arrived: readonly Arrived[];
  /** Sends bytes, and reads until Weir closes, or until `answers` answers are there and nothing comes after them. */
  raw(bytes: string | Buffer, answers?: number): Promise<RawAnswer>;
  /** Waits until nothing is left of the calls: none in flight, no bytes held, no event waiting, no socket open. */
  expectClean(): Promise<void>;
  stop(): Promise<void>;
}

export type SceneSettings = Parameters<typeof startTestIngress>[1];

/** A provider that keeps what it is sent, and answers `ok` unless told otherwise. */
export async function startHostileScene(
  settings: SceneSettings = {},
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end('ok'),
): Promise<HostileScene> {
  const arrived: Arrived[] = [];
  const upstream = await startUpstream((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url = '', headers, rawHeaders, trailers } = request;
      arrived.push({ method, url, headers, rawHeaders, trailers, body });
      answer(request, response);
    });
  });
  return await sceneOf(upstream, arrived, settings);
}

/** A provider that answers with the bytes given, whatever it is asked. */
export async function startRawScene(
  onRequest: Parameters<typeof startRawUpstream>[0],
  settings: SceneSettings = {},
): Promise<HostileScene> {
  return await sceneOf(await startRawUpstream(onRequest), [], settings);
}

async function sceneOf(upstream: Peer, arrived: readonly Arrived[], settings: SceneSettings): Promise<HostileScene> {
  const started = await startTestIngress(upstream.url, settings);
  const { telemetry, ingress } = started;
  const { server } = ingress.value.app;
  const connections = promisify(server.getConnections.bind(server));
  const port = Number(new URL(started.url).port);
  return {
    ...started,
    port,
    providerHost: new URL(upstream.url).host,
    arrived,
    raw: (bytes, answers = 1) => sendRaw(port, bytes, answers),
    expectClean: async () => {
      const left = async (): Promise<number[]> => [
        telemetry.gaugeValue('weir_ingress_calls_in_flight'),
        telemetry.gaugeValue('weir_ingress_capture_bytes'),
        telemetry.gaugeValue('weir_ingress_events_waiting'),
        await connections(),
      ];
      // Not `expect.poll`, which loses its test where several run at one time.
      await waitFor(
        async () => {
          const counts = await left();
          if (counts.some((count) => count !== 0)) throw new Error(`in flight, bytes, events, sockets: ${counts}`);
          return true;
        },
        { what: 'nothing to be left', timeoutMs: 10_000 },
      );
    },
    stop: async () => {
      await ingress.stop();
      await upstream.stop();
    },
  };
}

/** How long a connection may be silent before what came counts as all; only for bytes that Weir is to keep open. */
const QUIET_MS = 150;

function sendRaw(port: number, bytes: string | Buffer, answers: number): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const chunks: Buffer[] = [];
    let quiet: NodeJS.Timeout | undefined;
    const finish = (closed: boolean): void => {
      clearTimeout(quiet);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      resolve({ statuses: statusesOf(text), text, closed });
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      clearTimeout(quiet);
      if (statusesOf(Buffer.concat(chunks).toString('latin1')).length < answers) return;
      quiet = setTimeout(() => finish(false), QUIET_MS);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => finish(true));
  });
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status >= 200);
