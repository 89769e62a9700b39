import { createServer } from 'node:net';
import { freePort } from '@weir/testkit';
import { expect, it } from 'vitest';
import { checkPorts } from './check-ports.ts';

it('names the setting of a port that is in use, and what to do', async () => {
  const port = await freePort();
  const wanted = [{ field: 'ingress.port', host: '127.0.0.1', port }];
  await expect(checkPorts(wanted)).resolves.toBeUndefined();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await expect(checkPorts(wanted)).rejects.toMatchObject({
    code: 'CLI_PORT_IN_USE',
    message: expect.stringContaining(`port ${port} (ingress.port) is in use`),
    fix: expect.stringContaining('WEIR_INGRESS_PORT='),
  });
  await new Promise((resolve) => server.close(resolve));
});
