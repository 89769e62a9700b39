import type { ServerResponse } from 'node:http';
import { errorCode } from '@weir/kernel';
import type { Viewer } from './live-feed.ts';

const HEARTBEAT_MS = 15_000;
/** A viewer that reads slower than this much behind is cut off; the browser comes back by itself. */
const UNSENT_BYTES_MAX = 1024 * 1024;
const RETRY_MS = 2_000;

export interface EventStream extends Viewer {
  /** Sends the head of the answer and keeps the line open. */
  open(): void;
}

/**
 * A viewer's events on a response as Server-Sent Events (WHATWG HTML §9.2): `request` with the row and its id, `gap`,
 * `unavailable` with the error's code, and a comment every 15 s so that proxies keep the line open.
 */
export function createEventStream(response: ServerResponse): EventStream {
  const send = (text: string): void => {
    if (response.writableEnded || response.destroyed) return;
    response.write(text);
    if (response.writableLength > UNSENT_BYTES_MAX) response.destroy();
  };
  return {
    open() {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      send(`retry: ${RETRY_MS}\n\n`);
      const heartbeat = setInterval(() => send(': heartbeat\n\n'), HEARTBEAT_MS);
      response.once('close', () => clearInterval(heartbeat));
    },
    rows(rows) {
      // JSON text holds no raw line break, so one data line is enough.
      for (const row of rows) send(`id: ${row.request_id}\nevent: request\ndata: ${JSON.stringify(row)}\n\n`);
    },
    gap: () => send('event: gap\ndata: {}\n\n'),
    unavailable: (error) => send(`event: unavailable\ndata: ${JSON.stringify({ code: errorCode(error) })}\n\n`),
  };
}
