import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Started } from '@weir/kernel';

export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
}

/** What to answer a call with; undefined = nothing, ever. */
export type Answer = (
  call: ReceivedCall,
  count: number,
) => { status: number; location?: string; retryAfter?: string } | undefined;

/** A receiver of webhooks on a port of its own. */
export async function startWebhookReceiver(answer: Answer): Promise<Started<WebhookReceiver>> {
  const calls: ReceivedCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url: path = '', headers } = request;
    const call = { path, headers, body: Buffer.concat(chunks).toString('utf8') };
    calls.push(call);
    const given = answer(call, calls.length);
    if (given === undefined) return;
    const { status, location, retryAfter } = given;
    if (location !== undefined) response.setHeader('location', location);
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    value: { url: `http://127.0.0.1:${port}`, calls },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
