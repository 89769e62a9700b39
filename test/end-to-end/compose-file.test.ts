import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@weir/config';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
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
  expect(names).toEqual(['anomaly', 'console', 'cost', 'exporter', 'ingress', 'loader']);
  for (const [name, { command }] of services) expect(command).toEqual(['run', name]);
});

test.each(services)(
  'the settings of the composed %s are known ones, and lead to the other services',
  (_name, service) => {
    const config = configOf(service);
    expect(config.log).toMatchObject({ url: 'kafka://kafka:9092', partitions: 6 });
    expect(config.warehouse.url).toBe('http://clickhouse:8123');
  },
);

test.each(services.filter(([name]) => name !== 'ingress'))(
  'the composed %s is asked for its health where it answers',
  (_name, service) => {
    expect(service.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${configOf(service).observe.port}/readyz`);
  },
);
