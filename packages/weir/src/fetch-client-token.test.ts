import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { fetchClientToken } from './fetch-client-token.ts';

it('I8 gets a token for the client, and says why it got none without saying the secret', async () => {
  const seen: { authorization: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ authorization: request.headers.authorization, body });
      const good = request.headers.authorization === `Basic ${Buffer.from('weir:s%3Acret').toString('base64')}`;
      response.statusCode = good ? 200 : 401;
      response.end(good ? JSON.stringify({ access_token: 'a-token', token_type: 'bearer' }) : '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/token`;
  const client = { url, id: 'weir', secret: 's:cret', scope: 'kafka' };
  expect(await fetchClientToken(client)).toBe('a-token');
  expect(seen[0]?.body).toBe('grant_type=client_credentials&scope=kafka');
  const error: unknown = await fetchClientToken({ ...client, secret: 'wrong-one' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CLI_TOKEN_REFUSED', message: expect.stringContaining('401') });
  expect(String(error)).not.toContain('wrong-one');
  server.close();
  await expect(fetchClientToken({ ...client, url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
    code: 'CLI_TOKEN_REFUSED',
  });
});
