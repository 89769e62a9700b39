/** A usual Fastify proxy: `undici.request`, and the answer's stream to `reply.send`. It keeps nothing either. */
import Fastify from 'fastify';
import { Agent, request as call } from 'undici';
import { forwarded } from './forwarded.ts';

const origin = process.argv[2] ?? '';
const dispatcher = new Agent({ pipelining: 1 });
const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, _payload, done) => done(null));

app.all('/*', async (request, reply) => {
  const answer = await call(`${origin}${request.url}`, {
    dispatcher,
    method: request.method as 'POST',
    headers: forwarded(request.raw.rawHeaders),
    body: request.method === 'GET' ? null : request.raw,
  });
  reply.code(answer.statusCode);
  for (const name in answer.headers) {
    if (name !== 'connection' && name !== 'transfer-encoding') reply.header(name, answer.headers[name]);
  }
  return reply.send(answer.body);
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
console.log(`ready ${typeof address === 'object' && address !== null ? address.port : 0}`);
