import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort, type SpawnedNode, spawnNode, tempDirectory, waitFor } from '@weir/testkit';
import { afterEach, expect, it } from 'vitest';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startUpstream(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    async () => void server.closeAllConnections(),
    async () => void server.close(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `weir run ingress` with two workers, and a way to change its weir.yaml. */
async function startGateway() {
  const upstream = await startUpstream();
  const directory = await tempDirectory();
  const port = await freePort();
  const file = join(directory.value, 'weir.yaml');
  const write = (sections: object): void =>
    writeFileSync(
      file,
      JSON.stringify({
        ingress: { port, workers: 2 },
        logging: { level: 'info', format: 'json' },
        custom_providers: { up: { base_url: upstream } },
        ...sections,
      }),
    );
  write({});
  const weir = spawnNode(join(import.meta.dirname, '../main.ts'), ['run', 'ingress', '--config', file], {
    cwd: directory.value,
  });
  stops.push(
    () => directory.stop(),
    () => weir.stop(20_000),
  );
  await weir.ready(/ingress is running/, 60_000);
  /** Statuses of some calls, each on a connection of its own, so that both workers answer. */
  const statuses = async (gateway: string): Promise<number[]> => {
    const call = async (): Promise<number> => {
      const url = `http://127.0.0.1:${port}/v1/acme/${gateway}/custom-up/x`;
      const response = await fetch(url, { headers: { connection: 'close' } });
      await response.text();
      return response.status;
    };
    return Promise.all(Array.from({ length: 12 }, call));
  };
  const untilAll = (gateway: string, status: number): Promise<boolean> =>
    waitFor(async () => (await statuses(gateway)).every((found) => found === status), {
      what: `${status} from ${gateway}`,
      timeoutMs: 30_000,
    });
  return { weir, write, untilAll };
}

function killOneWorker(weir: SpawnedNode): void {
  const children = readFileSync(`/proc/${weir.child.pid}/task/${weir.child.pid}/children`, 'utf8');
  const [pid] = children.split(' ').filter((child) => {
    return child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('ingress-process');
  });
  execFileSync('kill', ['-9', pid ?? '']);
}

it.skipIf(process.platform !== 'linux')(
  'a new weir.yaml reaches every worker; a wrong one changes nothing, not even for a worker that is born again',
  async () => {
    const { weir, write, untilAll } = await startGateway();
    await untilAll('team', 400);
    write({ gateways: { team: {} } });
    await untilAll('team', 200);

    write({ gateways: { team: { cache_ttl: -1 } } });
    await weir.ready(/the new configuration is wrong; the old one stays in force/, 20_000);
    expect(weir.output()).toMatch(/gateways\.team\.cache_ttl is -1: it must be >= 0/);
    killOneWorker(weir);
    await weir.ready(/process is back/, 30_000);
    await untilAll('team', 200);

    write({ gateways: { team: {} }, accounts: { acme: { gateways: ['taem'] } } });
    await weir.ready(/accounts\.acme\.gateways names \\"taem\\"/, 20_000);
    expect(weir.output()).toContain('Did you mean \\"team\\"?');

    write({ gateways: { other: {} }, console: { port: 1 } });
    process.kill(weir.child.pid ?? 0, 'SIGHUP');
    await untilAll('team', 400);
    await untilAll('other', 200);
    expect(weir.output()).toMatch(/"sections":\["console"\].*take effect at the next start/);
  },
  120_000,
);
