import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a broker on which connections can go dead, as behind a firewall that forgets them: open, and silent. */
export interface FreezableProxy {
  readonly port: number;
  /** Where the connections lead; set once the broker has its port. */
  leadTo(port: number): void;
  /** Nothing passes any more on the connections that are open now. New ones work. */
  freezeOpen(): void;
  stop(): void;
}

export async function startFreezableProxy(): Promise<FreezableProxy> {
  const open = new Set<() => void>();
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((client) => {
    const broker = connect(target, '127.0.0.1');
    const freeze = (): void => {
      for (const socket of [client, broker]) socket.unpipe().pause();
    };
    client.pipe(broker).pipe(client);
    open.add(freeze);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(freeze);
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port) => {
      target = port;
    },
    freezeOpen: () => {
      for (const freeze of open) freeze();
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
