/** A provider that costs nothing: canned answers straight on the socket. 1 KB of JSON, or paced SSE where `"stream":true` is asked for. */
import { createServer, type Socket } from 'node:net';
import { FRAME_MS, STREAM_FRAMES } from './upstream-shape.ts';

const body = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'weir '.repeat(120) }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 300,
    completion_tokens: 120,
    total_tokens: 420,
    prompt_tokens_details: { cached_tokens: 128 },
  },
});
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

function streamAnswer(socket: Socket): void {
  socket.write(streamHead);
  let sent = 0;
  const timer = setInterval(() => {
    const event = `data: {"choices":[{"index":0,"delta":{"content":"${Date.now()}"}}],"sent":${performance.timeOrigin + performance.now()}}\n\n`;
    socket.write(`${event.length.toString(16)}\r\n${event}\r\n`);
    sent += 1;
    if (sent < STREAM_FRAMES) return;
    clearInterval(timer);
    socket.write('0\r\n\r\n');
  }, FRAME_MS);
  socket.on('close', () => clearInterval(timer));
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let waiting: Buffer = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    waiting = waiting.length === 0 ? (chunk as Buffer) : Buffer.concat([waiting, chunk as Buffer]);
    for (;;) {
      const end = waiting.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = waiting.toString('latin1', 0, end);
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const chunked = /transfer-encoding: *chunked/i.test(head);
      const bodyEnd = chunked ? waiting.indexOf('0\r\n\r\n', end + 4) + 5 : end + 4 + length;
      if (bodyEnd < end + 4 || waiting.length < bodyEnd) return;
      const streamed = waiting.subarray(end, bodyEnd).includes('"stream":true');
      waiting = waiting.subarray(bodyEnd);
      if (streamed) streamAnswer(socket);
      else socket.write(answer);
    }
  });
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(`ready ${typeof address === 'object' && address !== null ? address.port : 0}`);
});
