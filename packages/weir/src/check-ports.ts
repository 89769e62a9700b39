import { createServer } from 'node:net';
import { errorCode, WeirError } from '@weir/kernel';

export interface WantedPort {
  /** Field of weir.yaml, for the error. */
  readonly field: string;
  readonly host: string;
  readonly port: number;
}

/** @throws WeirError `CLI_PORT_IN_USE` naming the field and the port, before anything is started. */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<void> {
  for (const { field, host, port } of wanted) {
    const code = await tryPort(host, port);
    if (code === undefined) continue;
    const variable = `WEIR_${field.replaceAll('.', '_').toUpperCase()}`;
    const problem =
      code === 'EADDRINUSE'
        ? `port ${port} (${field}) is in use by another program`
        : `cannot listen on ${host}:${port} (${field}): ${code}`;
    throw new WeirError('CLI_PORT_IN_USE', problem, {
      fix: `Stop the other program, or start with ${variable}=${port > 55_000 ? 9_000 : port + 10_000}.`,
    });
  }
}

/** The error code of listening there, or undefined when it works. */
export function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error)));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
