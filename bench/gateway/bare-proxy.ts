/** The yardstick: the least a Fastify + undici pass-through can do. It keeps nothing, checks nothing and knows nothing. */
import Fastify from 'fastify';
import { Agent, type Dispatcher } from 'undici';
import { forwarded } from './forwarded.ts';

const origin = process.argv[2] ?? '';
const agent = new Agent({ pipelining: 1 });
const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, _payload, done) => done(null));

app.all('/*', {
  onRequest: (request, reply) => {
    reply.hijack();
    const response = reply.raw;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(controller, status, _headers) {
        const raw = (controller.rawHeaders as Buffer[] | undefined) ?? [];
        response.writeHead(status, forwarded(raw.map((part) => part.toString('latin1'))));
      },
      onResponseData(controller, chunk) {
        if (!response.write(chunk)) {
          controller.pause();
          response.once('drain', () => controller.resume());
        }
      },
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    };
    const body = request.method === 'GET' ? null : request.raw;
    const options = {
      origin,
      path: request.url,
      method: request.method as 'POST',
      headers: forwarded(request.raw.rawHeaders),
      body,
    };
    agent.dispatch(options, handler);
  },
  handler: (_request, reply) => reply.callNotFound(),
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
console.log(`ready ${typeof address === 'object' && address !== null ? address.port : 0}`);
