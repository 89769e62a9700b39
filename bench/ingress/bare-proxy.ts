/** The yardstick: the least that a Fastify + undici pass-through does. It keeps nothing and knows nothing. */
import Fastify from 'fastify';
import { Agent } from 'undici';

const upstream = process.argv[2] ?? '';
const agent = new Agent({ pipelining: 1 });
const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
app.all('/*', async (request, reply) => {
  const {
    host: _host,
    connection: _connection,
    'content-length': _length,
    'transfer-encoding': _te,
    ...headers
  } = request.headers;
  const answer = await agent.request({
    origin: upstream,
    path: request.url,
    method: request.method as 'POST',
    headers,
    body: request.method === 'GET' ? null : request.raw,
  });
  const { connection: _c, 'transfer-encoding': _t, ...answerHeaders } = answer.headers;
  reply.code(answer.statusCode).headers(answerHeaders as Record<string, string>);
  return reply.send(answer.body);
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
console.log(`ready ${typeof address === 'object' && address !== null ? address.port : 0}`);
