import { createServer } from 'node:http';
import type { Started } from '@weir/kernel';
import type { Metrics } from '@weir/telemetry';

export interface ObserveAddress {
  readonly host: string;
  readonly port: number;
}

/** Answers /healthz, /readyz (503 until `ready`) and /metrics of a service that runs alone. */
export async function startObserveServer(
  { host, port }: ObserveAddress,
  metrics: Metrics,
): Promise<Started<{ readonly url: string; ready(value: boolean): void }>> {
  let ready = false;
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    };
    if (request.url === '/healthz') answer(200, 'text/plain', 'ok\n');
    else if (request.url === '/readyz') answer(ready ? 200 : 503, 'text/plain', ready ? 'ready\n' : 'not ready\n');
    else if (request.url === '/metrics') {
      metrics.text().then(
        (text) => answer(200, 'text/plain; version=0.0.4', text),
        () => answer(500, 'text/plain', 'metrics failed\n'),
      );
    } else answer(404, 'text/plain', 'there are /healthz, /readyz and /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    value: {
      url: `http://${host}:${bound}`,
      ready(value) {
        ready = value;
      },
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
