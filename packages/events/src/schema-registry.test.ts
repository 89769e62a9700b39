import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { fetchSchema, registerSchema } from './schema-registry.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** The documented exchanges of a Confluent-compatible registry, over real HTTP. */
async function startRegistry(): Promise<string> {
  const schemas: string[] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
        response.end(JSON.stringify(body));
      };
      if (request.method === 'POST' && request.url === '/registry/subjects/weir.costs-value/versions') {
        const { schema } = JSON.parse(Buffer.concat(chunks).toString()) as { schema: string };
        if (!schemas.includes(schema)) schemas.push(schema);
        answer(200, { id: schemas.indexOf(schema) + 1 });
      } else if (request.url?.startsWith('/registry/schemas/ids/')) {
        const schema = schemas[Number(request.url.split('/').at(-1)) - 1];
        if (schema === undefined) answer(404, { error_code: 40403, message: 'Schema not found' });
        else answer(200, { schema });
      } else answer(409, { error_code: 409, message: 'incompatible' });
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/registry`;
}

it('registers once per schema and reads it back', async () => {
  const url = await startRegistry();
  const schema = { type: 'record', name: 'A', fields: [] };
  const id = await registerSchema('weir.costs-value', schema, { url });
  expect(await registerSchema('weir.costs-value', schema, { url })).toBe(id);
  expect(await fetchSchema(id, { url })).toEqual(schema);
});

it('says what the registry said, and whether to try again', async () => {
  const url = await startRegistry();
  await expect(registerSchema('other', {}, { url })).rejects.toMatchObject({
    code: 'SCHEMA_REGISTRY_FAILED',
    retriable: false,
    message: expect.stringContaining('incompatible'),
  });
  await expect(fetchSchema(99, { url: 'http://127.0.0.1:1' })).rejects.toMatchObject({ retriable: true });
});
