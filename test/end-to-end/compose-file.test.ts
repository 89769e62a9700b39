import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@weir/config';
import { freePort } from '@weir/testkit';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const compose: { services: Record<string, ComposeService> } = parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), {
  merge: true,
});
const services = Object.entries(compose.services).filter(([, { image }]) => image === 'weir:local');

const configOf = ({ environment }: ComposeService) =>
  loadConfig({
    file: `${root}infra/docker/weir.yaml`,
    // `${NAME:-default}` is compose's own, filled in before Weir sees it.
    environment: Object.fromEntries(
      Object.entries(environment ?? {}).map(([name, value]) => [name, value.replace(/\$\{\w+:-([^}]*)\}/, '$1')]),
    ),
    workingDirectory: root,
  }).config;

test('the composed services are those of `weir run`', () => {
  const names = services.map(([name]) => name).sort();
  expect(names).toEqual(['anomaly', 'console', 'cost', 'exporter', 'ingress', 'loader', 'tracer']);
  for (const [name, { command }] of services) expect(command).toEqual(['run', name]);
});

test.each(services)(
  'the settings of the composed %s are known ones, and lead to the other services',
  (_name, service) => {
    const config = configOf(service);
    expect(config.log).toMatchObject({ url: 'kafka://kafka:9092', partitions: 6 });
    expect(config.warehouse.url).toBe('http://clickhouse:8123');
    expect([config.shared_state.url, config.cache.url]).toEqual(['redis://redis:6379', 'redis://redis:6379']);
  },
);

describe('the health check of the image', () => {
  const line = /^ {2}CMD (\[.*\])$/m.exec(readFileSync(`${root}infra/docker/Dockerfile`, 'utf8'))?.[1] ?? '[]';
  const [, ...words] = JSON.parse(line) as string[];

  async function exitCode(gateway: number, observe: number): Promise<number | null> {
    const ports = { WEIR_INGRESS_PORT: String(gateway), WEIR_OBSERVE_PORT: String(observe) };
    const child = spawn(process.execPath, words, { env: ports, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  test('passes where the gateway or a service is ready, and nowhere else', async () => {
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const unused = await freePort();
    expect([await exitCode(port, unused), await exitCode(unused, port), await exitCode(unused, unused)]).toEqual([
      0, 0, 1,
    ]);
    status = 503;
    expect(await exitCode(port, unused)).toBe(1);
    server.close();
  });

  test.each(services)('and the composed %s is asked where it answers', (_name, service) => {
    const { observe, ingress } = configOf(service);
    expect([ingress.port, observe.port]).toEqual([8787, 9464]);
  });
});
